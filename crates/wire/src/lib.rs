//! Bodies of requests and answers of the MOCA API, and its error codes.

pub mod problem;
