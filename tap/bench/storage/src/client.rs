//! rs_storage_client: reads a file of rs_host_fs, and says how long that takes. The plain side of
//! the comparison is `rs_storage_bench`, which reads the same bytes in the same order.
#![no_main]

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Instant;

use genode::{
    fs::{File, FileSystem, Mode},
    prelude::*,
};

/// Bytes of the buffer.
const BUFFER: usize = 8 << 20;
const LARGE: usize = 1 << 20;
const SMALL: usize = 4 << 10;

type Outcome<T = ()> = Result<T, genode::fs::Error>;

/// Reads the file from its start to its end, in blocks of 1 MiB.
async fn large(file: &File, size: u64) -> Outcome {
    let mut bytes = vec![0; LARGE];
    for at in (0..size).step_by(LARGE) {
        file.read_at(at, &mut bytes).await?;
    }
    Ok(())
}

/// Reads blocks of 4 KiB at random places, as many at a time as `depth`.
async fn random(file: &File, size: u64, depth: usize, reads: u64) -> Outcome {
    let blocks = size / SMALL as u64;
    let left = Cell::new(reads);
    let numbers = Cell::new(fastrand::Rng::with_seed(7));
    let reader = || async {
        let mut bytes = vec![0; SMALL];
        while left.get() > 0 {
            left.set(left.get() - 1);
            let mut own = numbers.replace(fastrand::Rng::with_seed(0));
            let block = own.u64(..blocks);
            numbers.set(own);
            file.read_at(block * SMALL as u64, &mut bytes).await?;
        }
        Ok(())
    };
    let mut readers: Vec<Option<Pin<Box<dyn Future<Output = Outcome> + '_>>>> = Vec::new();
    for _ in 0..depth {
        readers.push(Some(Box::pin(reader())));
    }
    poll_fn(|context| {
        for place in &mut readers {
            match place.as_mut().map(|reader| reader.as_mut().poll(context)) {
                Some(Poll::Ready(Ok(()))) => *place = None,
                Some(Poll::Ready(Err(error))) => return Poll::Ready(Err(error)),
                Some(Poll::Pending) | None => {}
            }
        }
        if readers.iter().all(Option::is_none) { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

fn run(env: Env) -> Outcome {
    let fs = FileSystem::builder("/").buffer(BUFFER).open(env)?;
    let file = fs.open_file("/data", Mode::READ)?;
    let size = file.metadata()?.size;
    let timed = |what: &str, units: u64, work: &mut dyn FnMut() -> Outcome| {
        // The first one warms up.
        work()?;
        for _ in 0..9 {
            let start = Instant::now();
            work()?;
            let nanoseconds = start.elapsed().as_nanos() as u64;
            log!("{what} {}", nanoseconds / units);
        }
        Ok(())
    };
    timed("large", size / LARGE as u64, &mut || fs.wait(large(&file, size)))?;
    timed("depth1", 5000, &mut || fs.wait(random(&file, size, 1, 5000)))?;
    timed("depth32", 20_000, &mut || fs.wait(random(&file, size, 32, 20_000)))
}

#[genode::component]
fn main(env: Env) -> Result<(), genode::fs::Error> {
    run(env)?;
    env.exit(0)
}
