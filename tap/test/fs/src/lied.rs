//! rs_fs_lied: a client of a File_system server that lies in its packets. Each lie is an error of
//! the requests that it is about, or ignored; none makes others of the session wait, or is taken
//! for content.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, string::String, vec, vec::Vec};
use core::pin::pin;

use genode::{
    fs::{Error as FsError, File, FileSystem, Mode, Why},
    packet_stream::StreamError,
    prelude::*,
    task::{
        Tasks,
        join::join,
        select::{Either, select},
        yield_now,
    },
};
use rs_checks::{Test, ensure};

/// Rounds of a session, whose server lies in each.
const ROUNDS: u32 = 20;

/// Handle of the first file: that of the root directory comes before it, and between files.
const HANDLES: [u8; 2] = [2, 4];

fn at<E: core::fmt::Display>(step: &str) -> impl Fn(E) -> String + use<'_, E> {
    move |error| alloc::format!("{step}: {error}")
}

fn open(env: Env, lie: &str) -> Test<FileSystem> {
    FileSystem::builder("/").label(lie).open(env).map_err(at("session"))
}

/// Opens two files of a session, with the handles that are expected.
fn files(fs: &FileSystem) -> Test<[File; 2]> {
    let open = |name| fs.open_file(name, Mode::all()).map_err(at("file"));
    Ok([open("/a")?, open("/b")?])
}

/// Reads some bytes, which an honest server makes the handle's number; returns each run of equal
/// ones once.
async fn read(file: &File) -> Result<Vec<u8>, Why> {
    let mut bytes = vec![0xee; 64];
    let len = file.read_at(0, &mut bytes).await.map_err(|error| error.why())?;
    bytes.truncate(len);
    bytes.dedup();
    Ok(bytes)
}

async fn sync(file: &File) -> Result<(), Why> {
    file.sync().await.map_err(|error: FsError| error.why())
}

/// Reads from two files at once in each round, then syncs both, which must succeed, or fail by
/// `reads` and `syncs`.
async fn pairs(env: Env, lie: &str, reads: Option<Why>, syncs: Option<Why>) -> Test {
    let fs = open(env, lie)?;
    let [a, b] = files(&fs)?;
    for round in 0..ROUNDS {
        let both = join(read(&a), read(&b)).await;
        for (handle, read) in HANDLES.into_iter().zip([both.0, both.1]) {
            let right = read == reads.map_or(Ok(vec![handle]), Err);
            ensure!(right, "{lie}: {read:?} of handle {handle} in round {round}");
        }
        let both = join(sync(&a), sync(&b)).await;
        for synced in [both.0, both.1] {
            let right = synced == syncs.map_or(Ok(()), Err);
            ensure!(right, "{lie}: sync was {synced:?} in round {round}");
        }
    }
    Ok(())
}

/// Waits for the first of two requests only. The other one's answer, a failure, comes before those
/// to the next two.
async fn late(env: Env) -> Test {
    let fs = open(env, "late")?;
    let [a, b] = files(&fs)?;
    for round in 0..ROUNDS {
        {
            let Either::First(first) = select(pin!(read(&a)), pin!(read(&b))).await else {
                return Err("late: the other read was answered".into());
            };
            ensure!(first == Ok(vec![HANDLES[0]]), "late: {first:?} in round {round}");
        }
        let both = join(read(&a), read(&b)).await;
        let right = both == (Ok(vec![HANDLES[0]]), Ok(vec![HANDLES[1]]));
        ensure!(right, "late: {both:?} in round {round}");
        {
            let Either::First(first) = select(pin!(read(&a)), pin!(sync(&a))).await else {
                return Err("late: the sync was answered".into());
            };
            ensure!(first == Ok(vec![HANDLES[0]]), "late: {first:?} beside a sync");
        }
        let both = join(sync(&a), sync(&a)).await;
        ensure!(both == (Ok(()), Ok(())), "late: {both:?} after a sync");
    }
    Ok(())
}

/// Gives up a sync, and starts another one before its answer comes, a failure: that is not the
/// second one's.
async fn order(env: Env) -> Test {
    let fs = open(env, "order")?;
    let [a, b] = files(&fs)?;
    for round in 0..ROUNDS {
        let mut first = pin!(read(&a));
        let given_up = select(first.as_mut(), select(pin!(sync(&a)), pin!(yield_now()))).await;
        ensure!(matches!(given_up, Either::Second(Either::Second(()))), "order: answered early");
        let rest = async { [first.await, read(&b).await] };
        let (synced, reads) = join(sync(&a), rest).await;
        ensure!(synced == Ok(()), "order: {synced:?} in round {round}");
        ensure!(reads == HANDLES.map(|handle| Ok(vec![handle])), "order: {reads:?}");
    }
    Ok(())
}

/// Sees a queue without sense: all requests fail, now and later.
async fn index(env: Env) -> Test {
    let fs = open(env, "index")?;
    let [a, b] = files(&fs)?;
    for _ in 0..2 {
        let both = join(read(&a), read(&b)).await;
        for read in [both.0, both.1] {
            let broken = matches!(read, Err(Why::Stream(StreamError::Index { .. })));
            ensure!(broken, "index: {read:?}");
        }
    }
    Ok(())
}

/// Lists directories whose entries lead elsewhere, and one without an end.
async fn lists(env: Env) -> Test {
    let list = async |lie: &str| {
        let fs = open(env, lie)?;
        let listed = fs.read_dir("/").await;
        let why = listed.map(|entries| entries.len()).map_err(|error| error.why());
        log!(
            "{lie}: {}",
            why.map_or_else(|why| alloc::format!("{why}"), |n| alloc::format!("{n} entries"))
        );
        Ok::<_, String>(())
    };
    list("entry").await?;
    list("endless").await
}

async fn run(env: Env) -> Test {
    pairs(env, "honest", None, None).await?;
    for lie in ["twice", "strangers"] {
        pairs(env, lie, None, None).await?;
        log!("{lie}: ignored");
    }
    // Answers without packets have nothing to be swapped.
    pairs(env, "swapped", Some(Why::Nonsense), None).await?;
    log!("swapped: {}", Why::Nonsense);
    for lie in ["handle", "operation", "length"] {
        pairs(env, lie, Some(Why::Nonsense), Some(Why::Nonsense)).await?;
        log!("{lie}: {}", Why::Nonsense);
    }
    pairs(env, "failed", Some(Why::Failed), Some(Why::Failed)).await?;
    log!("failed: {}", Why::Failed);
    late(env).await?;
    log!("late: nobody's");
    order(env).await?;
    log!("order: a sync has its own answer");
    index(env).await?;
    log!("index: the session is over");
    lists(env).await?;
    pairs(env, "honest", None, None).await?;
    log!("others are served as before");
    env.exit(0)
}

#[genode::component]
fn main(env: Env) -> Result<Rc<Tasks>, Error> {
    let tasks = Rc::new(Tasks::new(env.ep())?);
    tasks.spawn(async move {
        if let Err(error) = run(env).await {
            error!("{error}");
            env.exit(1)
        }
    });
    Ok(tasks)
}
