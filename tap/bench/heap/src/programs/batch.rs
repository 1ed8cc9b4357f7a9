//! Programs that do one thing and end: a database shell, an interpreter's own tests, a compiler.

use std::fmt::Write as _;
use std::fs::File;

use super::score::Score;
use super::stage::{Stage, need};
use crate::problem::Problem;

/// A database file filled, indexed, joined, changed, vacuumed and checked; the sums are known.
pub(super) fn sqlite(stage: &Stage) -> Result<Score, Problem> {
    let rows = stage.amount(400_000);
    let script = format!(
        "pragma journal_mode=off; pragma synchronous=off; pragma temp_store=memory;\n\
         create table item(id integer primary key, name text, tag text, price integer);\n\
         with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})\n\
         insert into item select i, 'item-' || i || '-' || substr('{filler}', 1, i % 90), 'tag' || (i % 977), i % 1000\n\
         from n;\n\
         create index by_tag on item(tag, price); create index by_name on item(name);\n\
         select count(*) from (select tag, group_concat(name, '|') from item group by tag order by 2);\n\
         create temp table pair as select a.id x, b.id y from item a join item b on b.name = a.name and b.id = a.id;\n\
         select count(*) from pair;\n\
         update item set name = upper(name) || json_object('id', id, 'price', price) where id % 3 = 0;\n\
         delete from item where id % 7 = 0; vacuum;\n\
         select count(*), sum(id) from item; pragma integrity_check;\n",
        filler = "abcdefghij".repeat(9)
    );
    let path = stage.write("script.sql", script.as_bytes())?;
    let mut command = stage.tested(&need("sqlite3")?);
    command
        .arg("base.sqlite")
        .stdin(File::open(path).map_err(|error| Problem::new(error.to_string()))?);
    let done = stage.run(command)?;
    let left = rows - rows / 7;
    let sum = rows * (rows + 1) / 2 - 7 * (rows / 7) * (rows / 7 + 1) / 2;
    let expected = format!("off\n{}\n{rows}\n{left}|{sum}\nok\n", rows.min(977));
    if done.out != expected {
        return Err(Problem::new(format!(
            "the sums are wrong: {:?} instead of {expected:?}",
            done.out
        )));
    }
    Ok(Score::whole(&done))
}

/// The interpreter's own tests of what allocates, with its private pools switched off, so that each object is a block.
pub(super) fn python(stage: &Stage) -> Result<Score, Problem> {
    const SHORT: [&str; 6] =
        ["test_dict", "test_list", "test_set", "test_json", "test_deque", "test_tuple"];
    const LONG: [&str; 6] = [
        "test_bytes",
        "test_pickle",
        "test_ordered_dict",
        "test_itertools",
        "test_heapq",
        "test_generators",
    ];
    let mut command = stage.tested(&need("python3.11")?);
    command.env("PYTHONMALLOC", "malloc").env("PYTHONDONTWRITEBYTECODE", "1");
    command.args(["-m", "test", "-q", "--tempdir"]).arg(stage.path("")).args(SHORT);
    if !stage.quick {
        command.args(LONG);
    }
    let done = stage.run(command)?;
    if !done.out.contains("SUCCESS") {
        return Err(Problem::new(format!(
            "the tests did not say that they succeeded: {}",
            done.out
        )));
    }
    Ok(Score::whole(&done))
}

/// One of the units that the compiler is given; the first is the heaviest.
fn unit(number: usize) -> String {
    let (include, use_it) = match number {
        0 => ("#include <regex>\n", "std::regex_search(out.str(), std::regex(\"[A-Z]+\")) ? -1 : "),
        _ => ("", ""),
    };
    format!(
        "#include <algorithm>\n#include <map>\n#include <numeric>\n#include <sstream>\n#include <string>\n\
         #include <unordered_map>\n#include <vector>\n{include}\
         long unit{number}() {{\n\
         std::map<std::string, std::vector<long>> m;\n\
         for (long i = 0; i < 1000; i++) m[\"k\" + std::to_string(i % 17)].push_back(i);\n\
         std::unordered_map<std::string, long> sums;\n\
         for (auto &[k, v] : m) sums[k] = std::accumulate(v.begin(), v.end(), 0L);\n\
         std::ostringstream out; long total = 0;\n\
         for (auto &[k, s] : sums) {{ out << k << s; total += s; }}\n\
         return {use_it}total + {number};\n}}\n"
    )
}

/// `make -j` with a C++ compiler; what it built must run and say the right sum.
pub(super) fn compiler(stage: &Stage) -> Result<Score, Problem> {
    let units = if stage.quick { 2 } else { 4 };
    let mut main = String::from("#include <cstdio>\n");
    let mut calls = String::from("0");
    let mut objects = String::new();
    for number in 0..units {
        stage.write(&format!("unit{number}.cc"), unit(number).as_bytes())?;
        let _ = writeln!(main, "long unit{number}();");
        let _ = write!(calls, " + unit{number}()");
        let _ = write!(objects, " unit{number}.o");
    }
    let _ = writeln!(main, "int main() {{ std::printf(\"%ld\\n\", {calls}); }}");
    stage.write("main.cc", main.as_bytes())?;
    let make = format!(
        "CXXFLAGS = -O1 -std=c++17\nprogram: main.o{objects}\n\tg++ -o $@ $^\n%.o: %.cc\n\tg++ $(CXXFLAGS) -c -o $@ $<\n"
    );
    stage.write("Makefile", make.as_bytes())?;
    let mut command = stage.tested(&need("make")?);
    command.args(["-s", "-j", "2"]);
    let done = stage.run(command)?;
    let said = stage.run(stage.client(&stage.path("program")))?.out;
    let expected = units * 499_500 + units * (units - 1) / 2;
    if said.trim() != expected.to_string() {
        return Err(Problem::new(format!(
            "the built program said {} instead of {expected}",
            said.trim()
        )));
    }
    Ok(Score::whole(&done))
}
