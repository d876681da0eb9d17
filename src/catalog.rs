//! The built-in symptoms.
