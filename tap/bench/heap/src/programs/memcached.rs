//! memcached: two connections set, extend, get and delete; each get is compared with what was stored.
//!
//! Of the programs here it alone has threads that share a heap. So its two worker threads run side by side, each on a
//! processor of its own, and each is driven by a client on the same processor.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use super::place::{put, who_serves};
use super::score::Score;
use super::stage::{Stage, need, port};
use crate::problem::Problem;
use fastrand::Rng;

fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::new(format!("the server answered wrongly: {error}"))
}

/// Requests that are sent before their answers are read.
const BATCH: usize = 32;

/// The right answer to a request.
enum Expected {
    Line(&'static str),
    Value(Option<(u8, usize)>),
}

fn receive(stream: &mut Connection, expected: &Expected) -> Result<(), Problem> {
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

type Connection = BufReader<TcpStream>;

fn connect(port: u16) -> Result<Connection, Problem> {
    let stream = TcpStream::connect(("127.0.0.1", port)).map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    Ok(BufReader::with_capacity(1 << 16, stream))
}

/// Asks one by one for what is not there, so that the server waits after each answer.
fn idle(stream: &mut Connection) -> Result<(), Problem> {
    for _ in 0..500 {
        stream.get_mut().write_all(b"get nothing\r\n").map_err(broken)?;
        receive(stream, &Expected::Value(None))?;
    }
    Ok(())
}

fn load(mut stream: Connection, connection: u64, operations: usize) -> Result<(), Problem> {
    let mut rng = Rng::with_seed(connection);
    let mut stored: HashMap<usize, (u8, usize)> = HashMap::new();
    for _ in 0..operations / BATCH {
        let mut request = Vec::new();
        let mut answers = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            let number = rng.usize(..20_000);
            let key = format!("c{connection}-{number}");
            let mut put = |verb: &str, mark: u8, length: usize| {
                request.extend_from_slice(format!("{verb} {key} 0 0 {length}\r\n").as_bytes());
                request.resize(request.len() + length, mark);
                request.extend_from_slice(b"\r\n");
            };
            match (rng.usize(..20), stored.get_mut(&number)) {
                (0..=6, _) => {
                    let entry = (b'a' + rng.usize(..26) as u8, rng.usize(1..=2000));
                    put("set", entry.0, entry.1);
                    stored.insert(number, entry);
                    answers.push(Expected::Line("STORED"));
                }
                (7, Some((mark, length))) if *length < 8000 => {
                    let more = rng.usize(1..=1000);
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
    let mut connections = Vec::new();
    let mut workers = Vec::new();
    for index in 0..2 {
        let mut stream = connect(port)?;
        let place = stage.places.at(index);
        if let Some(cpu) = place {
            let worker = who_serves(server.pid(), || idle(&mut stream))?;
            if workers.contains(&worker) {
                return Err(Problem::new("one worker thread was given both connections"));
            }
            workers.push(worker);
            put(worker, cpu)?;
        }
        connections.push((stream, place));
    }
    let drive = |(stream, place): (Connection, Option<usize>), number| {
        place.map_or(Ok(()), |cpu| put(0, cpu))?;
        load(stream, number, each)
    };
    let start = Instant::now();
    let outcomes: Vec<Result<(), Problem>> = std::thread::scope(|scope| {
        let loads: Vec<_> = (1..)
            .zip(connections)
            .map(|(number, connection)| scope.spawn(move || drive(connection, number)))
            .collect();
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
