//! PostgreSQL: a cluster is made, its benchmark's transactions and some memory-hungry queries run, and then the books
//! must balance and every index must match its table.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::score::Score;
use super::stage::{Done, Running, Stage, find, need};
use crate::problem::Problem;

/// Sorts, hashes, JSON and arrays: what makes a backend allocate.
const QUERIES: &str = "\
select count(*), sum(length(t)) from (select string_agg(md5(aid::text), ',' order by abalance, aid) t
  from pgbench_accounts where aid <= 20000 group by aid % 500) s;
select count(distinct v->>'k') from (select jsonb_build_object('k', aid % 1000, 'list', array[aid, bid, abalance]) v
  from pgbench_accounts where aid <= 20000) s;
select count(*) from (select array_agg(a.aid) from pgbench_accounts a join pgbench_accounts b on b.aid = a.aid + 1
  where a.aid <= 20000 group by a.aid % 5000) s;
";

/// The sums that pgbench's transactions keep equal.
const BALANCE: &str =
    "select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)
  and (select sum(bbalance) from pgbench_branches) = (select sum(delta) from pgbench_history)
  and (select sum(tbalance) from pgbench_tellers) = (select sum(delta) from pgbench_history),
  (select count(*) from pgbench_history)";

const CLIENTS: usize = 4;

fn client(stage: &Stage, program: &Path) -> Command {
    let mut command = stage.driver(program);
    command.arg("-h").arg(stage.path("")).args(["-U", "rs"]);
    command
}

/// Makes a cluster and starts its server.
fn cluster(stage: &Stage) -> Result<Running, Problem> {
    let mut command = stage.tested(&need("initdb")?);
    command.args([
        "-D",
        "data",
        "-U",
        "rs",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    stage.run(command)?;

    let mut command = stage.server(&need("postgres")?);
    command.args(["-D", "data", "-k"]).arg(stage.path(""));
    for setting in [
        "listen_addresses=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "autovacuum=off",
        "shared_buffers=64MB",
        "work_mem=32MB",
        "max_wal_size=1GB",
        // More processes than processors would measure the scheduler.
        "max_parallel_workers_per_gather=0",
    ] {
        command.args(["-c", setting]);
    }
    stage.start(command)
}

/// The sums are equal after so many updates, and every index matches its table.
fn check(stage: &Stage, psql: &Path, updates: usize) -> Result<(), Problem> {
    let mut command = client(stage, psql);
    command.args(["-d", "postgres", "-Atc", BALANCE]);
    let books = stage.run(command)?.out;
    let right = format!("t|{updates}");
    if books.trim() != right {
        return Err(Problem::new(format!(
            "the books do not balance: {} instead of {right}",
            books.trim()
        )));
    }
    if let Some(check) = find("pg_amcheck") {
        let mut command = client(stage, &check);
        command.args(["--install-missing", "--heapallindexed", "postgres"]);
        stage.run(command)?;
    }
    Ok(())
}

pub(super) fn run(stage: &Stage) -> Result<Score, Problem> {
    let mut server = cluster(stage)?;
    let (psql, pgbench) = (need("psql")?, need("pgbench")?);
    server.until(|| {
        let mut command = client(stage, &psql);
        command.args(["-d", "postgres", "-Atc", "select 1"]);
        stage.run(command).is_ok()
    })?;
    let bench = |arguments: &[&str], each: usize| -> Result<Done, Problem> {
        let mut command = client(stage, &pgbench);
        command.args(arguments);
        if each > 0 {
            command.args(["-n", "-c", &CLIENTS.to_string(), "-j", "1", "-t", &each.to_string()]);
        }
        command.arg("postgres");
        stage.run(command)
    };
    bench(&["-i", "-q", "-s", "4"], 0)?;
    stage.write("queries.sql", QUERIES.as_bytes())?;
    let (updates, reads, queries) = (stage.amount(2500), stage.amount(15_000), stage.amount(20));
    let mut wall = Duration::ZERO;
    wall += bench(&[], updates)?.wall;
    wall += bench(&["-S"], reads)?.wall;
    wall += bench(&["-f", "queries.sql"], queries)?.wall;
    check(stage, &psql, updates * CLIENTS)?;
    let done = server.stop(libc::SIGINT)?;
    Ok(Score::new(((updates + reads + queries) * CLIENTS) as u64, wall, &done))
}
