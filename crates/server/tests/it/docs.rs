//! The documentation: the files say what the program does, and the pages at `/docs` are the files.

mod files;
mod pages;
