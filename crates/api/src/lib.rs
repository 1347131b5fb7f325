//! The HTTP surface of MOCA: management, device and operations APIs
