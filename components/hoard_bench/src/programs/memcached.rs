//! memcached: two connections set, extend, get and delete; each get is compared with what was stored.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use super::stage::{Stage, need, port};
use super::{Problem, Score};
use crate::rng::Rng;

fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::new(format!("the server answered wrongly: {error}"))
}

/// Requests that are sent before their answers are read.
const BATCH: usize = 32;

/// What a request must be answered with.
enum Expected {
    Line(&'static str),
    Value(Option<(u8, usize)>),
}

fn receive(stream: &mut BufReader<TcpStream>, expected: &Expected) -> Result<(), Problem> {
    let mut line = String::new();
    stream.read_line(&mut line).map_err(broken)?;
    let right = match expected {
        Expected::Line(text) => line.trim_end() == *text,
        Expected::Value(None) => line.trim_end() == "END",
        Expected::Value(Some((mark, length))) => {
            let mut value = vec![0; length + 2];
            let header = line.trim_end().ends_with(&format!(" {length}"));
            stream.read_exact(&mut value).map_err(broken)?;
            let mut end = String::new();
            stream.read_line(&mut end).map_err(broken)?;
            header && end.trim_end() == "END" && value[..*length].iter().all(|byte| byte == mark)
        }
    };
    if right { Ok(()) } else { Err(broken(line)) }
}

fn load(port: u16, connection: u64, operations: usize) -> Result<(), Problem> {
    let stream = TcpStream::connect(("127.0.0.1", port)).map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    let mut rng = Rng::new(connection);
    let mut stored: HashMap<usize, (u8, usize)> = HashMap::new();
    for _ in 0..operations / BATCH {
        let mut request = Vec::new();
        let mut answers = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            let number = rng.below(20_000);
            let key = format!("c{connection}-{number}");
            let mut put = |verb: &str, mark: u8, length: usize| {
                request.extend_from_slice(format!("{verb} {key} 0 0 {length}\r\n").as_bytes());
                request.resize(request.len() + length, mark);
                request.extend_from_slice(b"\r\n");
            };
            match (rng.below(20), stored.get_mut(&number)) {
                (0..=6, _) => {
                    let entry = (b'a' + rng.below(26) as u8, rng.range(1, 2000));
                    put("set", entry.0, entry.1);
                    stored.insert(number, entry);
                    answers.push(Expected::Line("STORED"));
                }
                (7, Some((mark, length))) if *length < 8000 => {
                    let more = rng.range(1, 1000);
                    put("append", *mark, more);
                    *length += more;
                    answers.push(Expected::Line("STORED"));
                }
                (8, Some(_)) => {
                    request.extend_from_slice(format!("delete {key}\r\n").as_bytes());
                    stored.remove(&number);
                    answers.push(Expected::Line("DELETED"));
                }
                (_, entry) => {
                    answers.push(Expected::Value(entry.copied()));
                    request.extend_from_slice(format!("get {key}\r\n").as_bytes());
                }
            }
        }
        stream.get_mut().write_all(&request).map_err(broken)?;
        for expected in &answers {
            receive(&mut stream, expected)?;
        }
    }
    Ok(())
}

pub(super) fn run(stage: &Stage) -> Result<Score, Problem> {
    let port = port()?;
    let mut command = stage.tested(&need("memcached")?);
    // More memory than the load needs: an evicted key would look like a lost one.
    command.args(["-U", "0", "-l", "127.0.0.1", "-m", "512", "-t", "2", "-p", &port.to_string()]);
    let mut server = stage.start(command)?;
    server.until(|| TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    let each = stage.amount(500_000) / BATCH * BATCH;
    let start = Instant::now();
    let outcomes: Vec<Result<(), Problem>> = std::thread::scope(|scope| {
        let loads: Vec<_> =
            (1..=2).map(|connection| scope.spawn(move || load(port, connection, each))).collect();
        loads
            .into_iter()
            .map(|load| load.join().unwrap_or_else(|_| Err(Problem::new("the load broke off"))))
            .collect()
    });
    let wall = start.elapsed();
    outcomes.into_iter().collect::<Result<(), Problem>>()?;
    let done = server.stop(libc::SIGTERM)?;
    Ok(Score::new(each as u64 * 2, wall, &done))
}
