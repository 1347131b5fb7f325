//! `tile38-server` beside us, where it is on the PATH: the same circles as static fences of one
//! collection, the same points as positions of an object, over its own protocol, which is that of Redis.

use std::{
    fmt::Write as _,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use moca_core::geo::LatLon;

use crate::{RUNS, ground::Ground, table::Table};

const PROGRAM: &str = "tile38-server";
/// Commands that are sent before the first answer is read.
const PIPELINED: usize = 64;
/// How long one run takes.
const RUN: Duration = Duration::from_secs(3);
/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// Points a second that are matched against the circles; the table says so if there is no such program.
pub(crate) fn lookups(table: &mut Table, ground: &Ground, points: &[LatLon]) {
    let directory = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(directory.path()) else {
        table.said(&format!("{PROGRAM}, {ground}"), "is not on the PATH".into());
        return;
    };
    let mut wire = server.connect();
    for (number, centers) in ground.centers.chunks(PIPELINED).enumerate() {
        let radius_m = ground.radius_m.to_string();
        let commands = centers.iter().enumerate().map(|(index, (lat, lon))| {
            let name = format!("f{}", number * PIPELINED + index);
            let point = [lat, lon].map(|degrees| format!("{degrees:.6}"));
            command(&[
                "SETCHAN",
                &name,
                "NEARBY",
                "fleet",
                "FENCE",
                "DETECT",
                "enter,exit",
                "POINT",
                &point[0],
                &point[1],
                &radius_m,
            ])
        });
        wire.ask(&commands.collect::<Vec<_>>());
    }
    for pipelined in [PIPELINED, 1] {
        let mut rates = Vec::new();
        for _ in 0..RUNS {
            let started = Instant::now();
            let mut done = 0;
            let batches = points
                .chunks(pipelined)
                .take_while(|_| started.elapsed() < RUN);
            for points in batches {
                let commands = points.iter().map(|at| {
                    let [lat, lon] =
                        [at.latitude(), at.longitude()].map(|degrees| format!("{degrees:.6}"));
                    command(&["SET", "fleet", "phone", "POINT", &lat, &lon])
                });
                wire.ask(&commands.collect::<Vec<_>>());
                done += points.len();
            }
            rates.push(done as f64 / started.elapsed().as_secs_f64());
        }
        let name = format!("{PROGRAM}: positions/s, {ground}, pipelined by {pipelined}");
        table.rates(&name, rates);
    }
}

/// A running server; killed when this is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts it in a directory; none if there is no such program.
    fn start(directory: &std::path::Path) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let started = Command::new(PROGRAM)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-d"])
            .arg(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(child) => Some(Self { child, port }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => panic!("{PROGRAM}: {error}"),
        }
    }

    /// Waits until it listens.
    fn connect(&self) -> Wire {
        let started = Instant::now();
        loop {
            match TcpStream::connect(("127.0.0.1", self.port)) {
                Ok(stream) => return Wire::new(stream),
                Err(error) => assert!(started.elapsed() < START, "{PROGRAM}: {error}"),
            }
            thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Wire(BufReader<TcpStream>);

impl Wire {
    fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends commands at once and reads all answers, none of which may be an error.
    fn ask(&mut self, commands: &[String]) {
        let bytes = commands.concat();
        self.0.get_mut().write_all(bytes.as_bytes()).unwrap();
        for _ in commands {
            self.read_answer();
        }
    }

    fn read_answer(&mut self) {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        match line.as_bytes().first() {
            Some(b'+' | b':') => {}
            Some(b'$') => {
                let length: i64 = line[1..].trim_end().parse().unwrap();
                let mut rest = vec![0; usize::try_from(length + 2).unwrap_or(0)];
                self.0.read_exact(&mut rest).unwrap();
            }
            _ => panic!("{PROGRAM}: {line}"),
        }
    }
}

/// A command as the protocol writes it: an array of strings.
fn command(words: &[&str]) -> String {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        let _ = write!(text, "${}\r\n{word}\r\n", word.len());
    }
    text
}
