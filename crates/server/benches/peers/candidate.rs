//! A back-end that is running, and how it is spoken to.

use std::{net::SocketAddr, process::Child};

use serde_json::Value;

use crate::{binary::Binary, place::Place, process::Process, wire::Trust};

/// A request.
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) body: String,
}

/// How a back-end names what all of them can do.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// Makes one place.
    pub(crate) create: fn(&Place) -> Ask,
    /// Makes many, at most [`Dialect::batch_max`].
    pub(crate) create_many: fn(&[Place]) -> Ask,
    /// Places of one [`Dialect::create_many`].
    pub(crate) batch_max: usize,
    /// The ids in its answer.
    pub(crate) ids: fn(&Value) -> Vec<String>,
    /// Reads one place.
    pub(crate) get: fn(&str) -> Ask,
    /// Reads 100 places from this one on.
    pub(crate) list: fn(usize) -> Ask,
}

/// What runs, until it is dropped.
pub(crate) enum Running {
    Moca(Binary),
    Other(Program),
}

/// A process that ends with this.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It fails only if the process has ended, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A back-end that is running.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) address: SocketAddr,
    pub(crate) trust: Trust,
    pub(crate) authorization: String,
    pub(crate) process: Process,
    pub(crate) running: Running,
    /// Its files.
    pub(crate) directory: tempfile::TempDir,
}

impl Candidate {
    /// Stops it and removes its files.
    pub(crate) fn stop(self) {
        match self.running {
            Running::Moca(binary) => binary.stop(),
            Running::Other(program) => drop(program),
        }
        self.directory.close().unwrap();
    }
}
