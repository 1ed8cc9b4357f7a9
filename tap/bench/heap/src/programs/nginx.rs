//! nginx: pages served, compressed and through a proxy hop, under wrk; their content is compared before and after.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::score::Score;
use super::stage::{Stage, need, port};
use crate::problem::Problem;

fn configuration(port: u16) -> String {
    let mut text = format!(
        "daemon off;\nworker_processes 2;\npid nginx.pid;\nerror_log error.log;\n\
         events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\nkeepalive_requests 100000;\n\
         gzip on;\ngzip_min_length 100;\ngzip_types *;\nserver {{\nlisten 127.0.0.1:{port};\nroot pages;\n\
         location /hop/ {{ proxy_pass http://127.0.0.1:{port}/; proxy_set_header Accept-Encoding ''; }}\n}}\n"
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = writeln!(text, "{kind}_temp_path temp_{kind};");
    }
    text + "}\n"
}

fn page(lines: usize) -> String {
    (0..lines).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "line {i}: {:x}", i.wrapping_mul(0x9e37_79b9));
        text
    })
}

/// Fetches a path and compares the body.
fn check(port: u16, path: &str, expected: &str) -> Result<(), Problem> {
    let broken = |error: std::io::Error| Problem::new(format!("{path}: {error}"));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(broken)?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(broken)?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(broken)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(broken)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") && body == expected => Ok(()),
        _ => Err(Problem::new(format!("{path} came with another content"))),
    }
}

pub(super) fn run(stage: &Stage) -> Result<Score, Problem> {
    let port = port()?;
    let folder = stage.path("pages");
    std::fs::create_dir(&folder).map_err(|error| Problem::new(error.to_string()))?;
    let (small, large) = (page(60), page(20_000));
    stage.write("pages/small.html", small.as_bytes())?;
    stage.write("pages/large.html", large.as_bytes())?;
    stage.write("nginx.conf", configuration(port).as_bytes())?;
    let mut command = stage.server(&need("nginx")?);
    command.arg("-p").arg(stage.path("")).args(["-c", "nginx.conf", "-e", "error.log"]);
    let mut server = stage.start(command)?;
    server.until(|| TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    let content = || -> Result<(), Problem> {
        for path in ["", "/hop"] {
            check(port, &format!("{path}/small.html"), &small)?;
            check(port, &format!("{path}/large.html"), &large)?;
        }
        Ok(())
    };
    content()?;
    let mut requests = 0;
    let start = Instant::now();
    for path in ["/small.html", "/hop/small.html"] {
        let mut command = stage.driver(&need("wrk")?);
        let seconds = if stage.quick { "1s" } else { "2s" };
        command.args(["-t", "1", "-c", "24", "-d", seconds, "-H", "Accept-Encoding: gzip"]);
        command.arg(format!("http://127.0.0.1:{port}{path}"));
        let load = stage.run(command)?.out;
        if load.contains("Socket errors") || load.contains("Non-2xx") {
            return Err(Problem::new(format!("wrk saw errors: {load}")));
        }
        let count = load
            .lines()
            .find_map(|line| line.trim().split_once(" requests in ")?.0.parse::<u64>().ok());
        requests += count.ok_or_else(|| Problem::new(format!("wrk gave no count: {load}")))?;
    }
    let wall = start.elapsed();
    content()?;
    let done = server.stop(libc::SIGQUIT)?;
    Ok(Score::new(requests, wall, &done))
}
