//! Contents of files: read, written, cut, at the end, as a stream, by several at once.

use alloc::{vec, vec::Vec};

use embedded_io_async::{Read, Seek, SeekFrom, Write};
use genode::{
    fs::{Mode, NodeType},
    task::join::join,
};
use rs_checks::{Test, ensure};

use crate::{Context, at, session};

/// More than a session's buffer.
const LARGE: usize = 1 << 20;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

pub(crate) fn run(context: &Context) -> Test {
    whole(context)?;
    parts(context)?;
    large(context)?;
    stream(context)?;
    blocking(context)?;
    shared(context)?;
    watched(context)
}

/// Files that are read and written as a whole.
fn whole(Context { fs, .. }: &Context) -> Test {
    fs.wait(fs.write("/a", b"hello")).map_err(at("write"))?;
    let read = fs.wait(fs.read("/a", 100)).map_err(at("read"))?;
    ensure!(read == b"hello", "the file has {read:?}");
    fs.wait(fs.append("/a", b" world")).map_err(at("append"))?;
    let read = fs.wait(fs.read("/a", 100)).map_err(at("read"))?;
    ensure!(read == b"hello world", "after an append it has {read:?}");
    let limit = fs.wait(fs.read("/a", 10)).err();
    ensure!(
        limit.as_ref().is_some_and(|error| error.why() == genode::fs::Why::TooLong { limit: 10 }),
        "a limit of 10 bytes: {limit:?}"
    );
    fs.wait(fs.write("/a", b"new")).map_err(at("write again"))?;
    let read = fs.wait(fs.read("/a", 100)).map_err(at("read"))?;
    ensure!(read == b"new", "after writing it anew it has {read:?}");
    Ok(())
}

/// Parts of a file, its size, and its time.
fn parts(Context { fs, .. }: &Context) -> Test {
    let file = fs.create("/parts").map_err(at("create"))?;
    fs.wait(file.write_at(3, b"xyz")).map_err(at("write at 3"))?;
    let mut bytes = [0xee; 8];
    let read = fs.wait(file.read_at(0, &mut bytes)).map_err(at("read"))?;
    ensure!((read, &bytes[..6]) == (6, b"\0\0\0xyz"), "{read} bytes: {bytes:?}");
    ensure!(fs.wait(file.read_at(6, &mut bytes)) == Ok(0), "there is something behind the end");
    file.truncate(5).map_err(at("truncate"))?;
    file.truncate(7).map_err(at("truncate"))?;
    let read = fs.wait(file.read_at(3, &mut bytes)).map_err(at("read"))?;
    ensure!((read, &bytes[..4]) == (4, b"xy\0\0"), "cut and grown: {read} bytes: {bytes:?}");
    fs.wait(file.set_modified(1_234_567)).map_err(at("set time"))?;
    fs.wait(file.sync()).map_err(at("sync"))?;
    let known = file.metadata().map_err(at("metadata"))?;
    ensure!(known.size == 7 && known.kind == NodeType::ContinuousFile, "{known:?}");
    ensure!(known.modified == Some(1_234_567), "{known:?}");
    ensure!(Ok(known) == fs.metadata("/parts"), "by its path it is another file");
    Ok(())
}

fn large(Context { fs, .. }: &Context) -> Test {
    let bytes = pattern(LARGE);
    fs.wait(fs.write("/large", &bytes)).map_err(at("write 1 MiB"))?;
    let read = fs.wait(fs.read("/large", LARGE)).map_err(at("read 1 MiB"))?;
    ensure!(read == bytes, "1 MiB comes back as something else");
    fs.remove("/large").map_err(at("remove"))?;
    Ok(())
}

fn stream(Context { fs, .. }: &Context) -> Test {
    let mut stream = fs.create("/stream").map_err(at("create"))?.stream();
    let copied = fs.wait(async {
        stream.write_all(b"one two").await?;
        stream.seek(SeekFrom::Current(-3)).await?;
        stream.write_all(b"three").await?;
        stream.flush().await?;
        stream.seek(SeekFrom::Start(4)).await?;
        let mut word = [0; 5];
        let read = stream.read(&mut word).await?;
        let end = stream.seek(SeekFrom::End(0)).await?;
        Ok::<_, genode::fs::Error>((read, word, end))
    });
    ensure!(copied == Ok((5, *b"three", 9)), "{copied:?}");
    let before = fs.wait(stream.seek(SeekFrom::Current(-10)));
    ensure!(before.is_err() && stream.position() == 9, "a place before the start");
    Ok(())
}

/// The same without tasks, and by code that knows streams only.
fn blocking(Context { fs, .. }: &Context) -> Test {
    fn copy<S>(stream: &mut S) -> Result<(usize, [u8; 5], u64), S::Error>
    where
        S: embedded_io::Read + embedded_io::Write + embedded_io::Seek,
    {
        stream.write_all(b"one two")?;
        stream.seek(SeekFrom::Current(-3))?;
        stream.write_all(b"three")?;
        stream.flush()?;
        stream.rewind()?;
        let mut word = [0; 5];
        stream.seek(SeekFrom::Start(4))?;
        let read = stream.read(&mut word)?;
        Ok((read, word, stream.seek(SeekFrom::End(0))?))
    }
    let mut stream = fs.create("/blocking").map_err(at("create"))?.stream();
    let copied = copy(&mut stream);
    ensure!(copied == Ok((5, *b"three", 9)), "{copied:?}");
    let end = embedded_io::Read::read(&mut stream, &mut [0; 5]);
    ensure!(end == Ok(0), "the end reads as {end:?}");
    Ok(())
}

/// Requests of several that wait at once, and of several sessions.
fn shared(Context { env, fs, .. }: &Context) -> Test {
    let other = session(*env, "other", "/")?;
    let (one, two) = (pattern(200_000), vec![1; 150_000]);
    let (a, b) = fs.wait(join(fs.write("/one", &one), fs.write("/two", &two)));
    a.and(b).map_err(at("two writes at once"))?;
    let (a, b) = other.wait(join(other.read("/one", LARGE), other.read("/two", LARGE)));
    ensure!(a == Ok(one) && b == Ok(two), "two reads at once by another session");
    // Appends of two sessions, each in one piece.
    let (mine, theirs) = (
        fs.create("/log").map_err(at("create"))?,
        other.open_file("/log", Mode::WRITE).map_err(at("open"))?,
    );
    for _ in 0..10 {
        fs.wait(mine.append(b"mine.")).map_err(at("append"))?;
        other.wait(theirs.append(b"their.")).map_err(at("append"))?;
    }
    let log = fs.wait(fs.read("/log", 1000)).map_err(at("read"))?;
    ensure!(log == b"mine.their.".repeat(10), "appends of two sessions");
    Ok(())
}

fn watched(Context { env, fs, .. }: &Context) -> Test {
    let other = session(*env, "other", "/")?;
    let watch = fs.watch("/a").map_err(at("watch"))?;
    let root = fs.watch("/").map_err(at("watch"))?;
    other.wait(other.write("/a", b"changed")).map_err(at("write"))?;
    fs.wait(watch.changed()).map_err(at("a change of the file"))?;
    let read = fs.wait(fs.read("/a", 100)).map_err(at("read"))?;
    ensure!(read == b"changed", "the change was told before it was there: {read:?}");
    other.create_dir("/new").map_err(at("create a directory"))?;
    fs.wait(root.changed()).map_err(at("a change of the root"))?;
    other.remove("/new").map_err(at("remove"))?;
    fs.wait(root.changed()).map_err(at("a change of the root"))?;
    // One that was synced, not closed.
    let file = other.open_file("/a", Mode::WRITE).map_err(at("open"))?;
    other.wait(file.append(b"!")).map_err(at("append"))?;
    other.wait(file.sync()).map_err(at("sync"))?;
    fs.wait(watch.changed()).map_err(at("a change that was synced"))?;
    Ok(())
}
