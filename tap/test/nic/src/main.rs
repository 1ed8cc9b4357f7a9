//! rs_nic_test: an honest client of a Nic server that sends frames back. Checks each frame, counts
//! how many it gets in a turn, alone and beside clients that flood or take nothing, and does the
//! same as a driver at an Uplink server.
#![no_std]
#![no_main]

extern crate alloc;

mod lies;

use alloc::{format, rc::Rc, vec::Vec};

use genode::{
    prelude::*,
    session::{
        nic::{MAX_FRAME, MacAddress, NicConnection, Port, PortError},
        uplink::UplinkConnection,
    },
    task::{Tasks, join::join},
};
use rs_checks::{Test, at, ensure};

/// Bytes of each buffer.
const BUFFER: usize = 256 << 10;
/// Frames under way at a time: as many as the server does for one client in a row.
const WINDOW: u32 = 32;
/// Frames whose turns are counted.
const COUNTED: u32 = 16_000;
/// Bytes of a frame that is counted.
const SMALL: usize = 100;

/// Content of a frame: bytes that tell its number and size.
fn content(number: u32, size: usize) -> Vec<u8> {
    (0..size as u32)
        .map(|at| (at ^ number.wrapping_mul(31) ^ (size as u32).wrapping_mul(7)) as u8)
        .collect()
}

/// Sends a frame of each size and gets all back, in order and unchanged.
async fn sizes(port: &Port) -> Test {
    let send = async {
        for size in 1..=MAX_FRAME {
            port.send(&content(1, size)).await.map_err(at("send"))?;
        }
        port.wakeup();
        Test::Ok(())
    };
    let receive = async {
        let mut frame = [0; MAX_FRAME];
        for size in 1..=MAX_FRAME {
            let got = port.receive(&mut frame).await.map_err(at("receive"))?;
            ensure("a frame has its size", got == size)?;
            ensure("a frame has its content", frame[..got] == content(1, size)[..])?;
        }
        Test::Ok(())
    };
    let (sent, received) = join(send, receive).await;
    sent.and(received)?;
    ensure("no frame is too many", port.try_next().map_err(at("next"))?.is_none())?;
    log!("{MAX_FRAME} frames, one of each size, come back as they were sent");
    Ok(())
}

/// Sends what no frame is, and receives one into too little.
async fn refusals(port: &Port) -> Test {
    ensure("an empty frame", port.try_send(&[]) == Err(PortError::Size(0)))?;
    let large = MAX_FRAME + 1;
    ensure("a large frame", port.try_send(&content(2, large)) == Err(PortError::Size(large)))?;
    for size in [90, 20] {
        port.send(&content(2, size)).await.map_err(at("send"))?;
    }
    let mut frame = [0; 50];
    let got = port.receive(&mut frame).await;
    ensure("too little room", got == Err(PortError::Room { size: 90, room: 50 }))?;
    let got = port.receive(&mut frame).await;
    ensure("the next frame", got == Ok(20) && frame[..20] == content(2, 20)[..])?;
    ensure("one was dropped", port.dropped() == 1)?;
    log!("what no frame is, is refused, and the session goes on");
    Ok(())
}

/// Sends [`WINDOW`] frames and gets them back, again and again, and calls `beside` before each.
/// Returns how many frames came in a turn, in hundredths: a turn begins when the client waited and
/// was woken.
async fn per_turn(port: &Port, mut beside: impl FnMut() -> Test) -> Test<u32> {
    let (mut number, mut turns) = (0, 0);
    let mut frame = [0; MAX_FRAME];
    while number < COUNTED {
        beside()?;
        for sent in number..number + WINDOW {
            port.send(&content(sent, SMALL)).await.map_err(at("send"))?;
        }
        let end = number + WINDOW;
        while number < end {
            let mut got = Some(port.receive(&mut frame).await.map_err(at("receive"))?);
            turns += 1;
            while let Some(size) = got {
                let same = size == SMALL && frame[..size] == content(number, SMALL)[..];
                ensure("a counted frame", same)?;
                number += 1;
                got = port.try_receive(&mut frame).map_err(at("receive"))?;
            }
        }
    }
    Ok(number * 100 / turns)
}

/// Submits frames until there is no room, and signals whether or not anything was sent.
fn flood(port: &Port) -> Test {
    while port.try_send(&[1; 60]).map_err(at("flood"))? {}
    port.wakeup();
    Ok(())
}

/// Takes all that came back.
fn take(port: &Port) -> Test<u64> {
    let mut count = 0;
    while let Some(frame) = port.try_next().map_err(at("take"))? {
        port.release(frame);
        count += 1;
    }
    port.wakeup();
    Ok(count)
}

/// Counts what an honest client gets in a turn: alone, and beside one that floods and one that
/// takes nothing.
async fn fair(env: Env, nic: &NicConnection) -> Test {
    let open = |label| NicConnection::open(env, label, BUFFER, BUFFER).map_err(at("session"));
    let alone = per_turn(nic, || Ok(())).await?;
    let (flooder, hoarder) = (open("flooder")?, open("hoarder")?);
    let mut flooded = 0;
    let beside = per_turn(nic, || {
        flood(&hoarder)?;
        flood(&flooder)?;
        flooded += take(&flooder)?;
        Ok(())
    })
    .await?;
    let kept = beside * 100 / alone.max(1);
    ensure("the flooder is served as well", flooded > 0)?;
    ensure(
        &format!("frames a turn: {alone} alone, {beside} beside others, in hundredths"),
        kept >= 80,
    )?;
    log!(
        "beside a client that floods and one that takes nothing, at least 80 % of the frames come in a turn"
    );
    Ok(())
}

/// A driver at the Uplink service.
async fn uplink(env: Env) -> Test {
    let open = |mac| UplinkConnection::open(env, "driver", mac, BUFFER, BUFFER);
    let uplink = open(MacAddress([2, 0, 0, 0, 0, 1])).map_err(at("uplink"))?;
    sizes(&uplink).await?;
    let denied = open(MacAddress::BROADCAST).map(drop);
    ensure("an adapter without an address", denied == Err(Error::Denied.into()))
}

/// Sessions that a server does not give, and those that are given back.
fn sessions(env: Env) -> Test {
    for (tx, rx) in [(0, BUFFER), (BUFFER, 0), (BUFFER, 32 << 10)] {
        let denied = NicConnection::open(env, "small", tx, rx).map(drop);
        ensure("a buffer without room is denied", denied == Err(Error::Denied.into()))?;
    }
    let before = env.quota().available();
    for _ in 0..20 {
        drop(NicConnection::open(env, "again", BUFFER, BUFFER).map_err(at("session"))?);
    }
    let after = env.quota().available();
    ensure(&format!("sessions are given back: {before:?}, {after:?}"), after.caps == before.caps)?;
    log!("a buffer without room is denied, and sessions give back what they took");
    Ok(())
}

async fn test(env: Env) -> Test {
    let nic = NicConnection::open(env, "honest", BUFFER, BUFFER).map_err(at("session"))?;
    log!("adapter {}, link: {}", nic.mac_address(), nic.link_state().map_err(at("link"))?);
    sizes(&nic).await?;
    // Another server than ours knows no Uplink, and has other policies.
    if env.config().read().is_ok_and(|config| config.attr("peer").is_some()) {
        return Ok(());
    }
    refusals(&nic).await?;
    fair(env, &nic).await?;
    uplink(env).await?;
    lies::lies(env)?;
    sizes(&nic).await?;
    sessions(env)
}

#[genode::component]
fn main(env: Env) -> Result<Rc<Tasks>, Error> {
    log!("--- nic test ---");
    let tasks = Rc::new(Tasks::new(env.ep())?);
    tasks.spawn(async move {
        match test(env).await {
            Ok(()) => log!("--- nic test finished ---"),
            Err(why) => {
                error!("failed: {why}");
                env.exit(1)
            }
        }
        env.exit(0)
    });
    Ok(tasks)
}
