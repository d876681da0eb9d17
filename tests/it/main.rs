//! Outside-in tests: one binary, a file per feature.

mod diagnosis;
