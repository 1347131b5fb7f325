//! The moca binary: server, demo and command line
