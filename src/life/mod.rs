//! The life of a token: when to ask for one, and which one to use. Pure: no clock, no lock, no I/O.

pub mod schedule;
