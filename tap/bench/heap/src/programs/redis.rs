//! Redis: every key it is given is read back and compared, then its own benchmark drives it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::score::Score;
use super::stage::{Stage, need};
use crate::problem::Problem;
use fastrand::Rng;

/// A connection that speaks Redis' protocol.
struct Client(BufReader<UnixStream>);

fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::new(format!("the server answered wrongly: {error}"))
}

impl Client {
    fn connect(socket: &Path) -> Result<Self, Problem> {
        UnixStream::connect(socket).map(|stream| Self(BufReader::new(stream))).map_err(broken)
    }

    fn send(&mut self, words: &[&[u8]]) -> Result<(), Problem> {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            request.extend_from_slice(word);
            request.extend_from_slice(b"\r\n");
        }
        self.0.get_mut().write_all(&request).map_err(broken)
    }

    /// A text, a number as text, or nothing.
    fn receive(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let mut line = String::new();
        self.0.read_line(&mut line).map_err(broken)?;
        let (kind, rest) = line.trim_end().split_at_checked(1).ok_or_else(|| broken("nothing"))?;
        match kind {
            "+" | ":" => Ok(Some(rest.as_bytes().to_vec())),
            "$" if rest == "-1" => Ok(None),
            "$" => {
                let length: usize = rest.parse().map_err(broken)?;
                let mut text = vec![0; length + 2];
                self.0.read_exact(&mut text).map_err(broken)?;
                text.truncate(length);
                Ok(Some(text))
            }
            _ => Err(broken(line)),
        }
    }

    fn call(&mut self, words: &[&[u8]]) -> Result<Option<Vec<u8>>, Problem> {
        self.send(words)?;
        self.receive()
    }
}

fn value(number: usize) -> Vec<u8> {
    let length = Rng::with_seed(number as u64).usize(1..=3000);
    (0..length).map(|i| b'a' + ((number + i) % 26) as u8).collect()
}

/// Sets, extends and deletes keys, and reads every one back.
fn check(socket: &Path, keys: usize) -> Result<(), Problem> {
    let mut client = Client::connect(socket)?;
    let key = |number: usize| format!("check:{number}").into_bytes();
    for number in 0..keys {
        client.call(&[b"SET", &key(number), &value(number)])?;
        match number % 5 {
            0 => drop(client.call(&[b"APPEND", &key(number), &value(number)])?),
            1 => drop(client.call(&[b"DEL", &key(number)])?),
            2 => drop(client.call(&[b"SET", &key(number / 5 * 5 + 3), b"early"])?),
            _ => {}
        }
    }
    for number in 0..keys {
        let expected = match number % 5 {
            0 => Some([value(number), value(number)].concat()),
            1 => None,
            _ => Some(value(number)),
        };
        if client.call(&[b"GET", &key(number)])? != expected {
            return Err(Problem::new(format!("key {number} was read back with another value")));
        }
    }
    Ok(())
}

pub(super) fn run(stage: &Stage) -> Result<Score, Problem> {
    const TESTS: [&str; 8] = ["set", "get", "lpush", "rpop", "sadd", "hset", "zadd", "mset"];
    let socket = stage.path("redis.sock");
    let mut command = stage.server(&need("redis-server")?);
    command.args([
        "--port",
        "0",
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no",
        "--unixsocket",
    ]);
    command.arg(&socket);
    let mut server = stage.start(command)?;
    server.until(|| UnixStream::connect(&socket).is_ok())?;
    check(&socket, stage.amount(20_000))?;

    let requests = stage.amount(300_000);
    let mut command = stage.driver(&need("redis-benchmark")?);
    command.arg("-s").arg(&socket).args(["-q", "-c", "20", "-P", "16", "-r", "50000", "-d", "300"]);
    command.args(["-n", &requests.to_string(), "-t", &TESTS.join(",")]);
    let load = stage.run(command)?;
    let asked = load.out.matches("requests per second").count();
    if asked < TESTS.len() {
        return Err(Problem::new(format!(
            "redis-benchmark finished only {asked} of {} tests",
            TESTS.len()
        )));
    }
    check(&socket, stage.amount(10_000))?;
    let done = server.stop(libc::SIGTERM)?;
    Ok(Score::new((requests * TESTS.len()) as u64, load.wall, &done))
}
