//! A typed client of the MOCA APIs
