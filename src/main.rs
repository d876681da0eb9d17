//! `refloat`: see the library for the map of the house.

fn main() {}
