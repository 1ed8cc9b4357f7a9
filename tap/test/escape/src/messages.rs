//! Messages that almost are what the interface says: each is sent honestly, and then with one thing wrong.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use genode_affinity::Location;
use genode_args::cost;
use genode_host_proto::interface::{Call, cpu, log, parent, pd, region_map, rom};
use genode_host_proto::opcode::OPCODES;
use genode_sys::*;
use genode_wire::{Cap, Caps, ExceptionCode, FixedString, InBuffer, Writer};
use rs_raw::{self as seam, NoCap};

use crate::Tally;

const CAP: Cap<NoCap> = Cap(None);

/// An object, an honest call of it, and the capabilities that belong to that.
struct Honest<'a> {
    dst: rs_cap_t,
    body: Vec<u8>,
    caps: &'a [rs_cap_t],
}

impl<'a> Honest<'a> {
    fn new<'m>(dst: rs_cap_t, call: &impl Call<'m, NoCap>, caps: &'a [rs_cap_t]) -> Self {
        let (mut body, mut none) = ([0; RS_MAX_BODY as usize], Caps::new());
        let mut message = Writer::new(&mut body, &mut none);
        let len = call.write(&OPCODES, &mut message).map_or(0, |()| message.len());
        Self { dst, body: body.get(..len).unwrap_or_default().to_vec(), caps }
    }

    fn send(&self, body: &[u8], caps: &[rs_cap_t]) -> Option<ExceptionCode> {
        let (opcode, arguments) = body.split_first_chunk::<8>()?;
        let answer = seam::call(self.dst, u64::from_le_bytes(*opcode), caps, |w| {
            w.bytes(arguments);
        });
        answer.ok().map(|answer| answer.code)
    }

    /// Sends it as it is, with other bytes at some places, cut, and with a capability more or less.
    fn check(&self, tally: &mut Tally, what: &str, lies: &[(&str, usize, &[u8])]) {
        let served = self.send(&self.body, self.caps) == Some(ExceptionCode::SUCCESS);
        tally.control(what, served);
        let mut refused = |how: &str, code: Option<ExceptionCode>| {
            tally.attempt(&format!("{what} {how}"), code != Some(ExceptionCode::MALFORMED));
        };
        for (how, at, bytes) in lies {
            let mut body = self.body.clone();
            for (to, from) in body.iter_mut().skip(*at).zip(*bytes) {
                *to = *from;
            }
            refused(how, self.send(&body, self.caps));
        }
        if let Some((short, _)) = self.body.split_last_chunk::<8>().filter(|(s, _)| s.len() >= 8) {
            refused("without its end", self.send(short, self.caps));
        }
        let more = [self.caps, &[self.dst]].concat();
        refused("with a capability too many", self.send(&self.body, &more));
        if let Some((_, fewer)) = self.caps.split_last() {
            refused("with a capability too few", self.send(&self.body, fewer));
        }
    }
}

pub(crate) fn run(tally: &mut Tally) {
    // SAFETY: no precondition; the environment's capabilities are ours.
    let (own, cpu, parent) =
        unsafe { (rs_env_cap(RS_ENV_PD), rs_env_cap(RS_ENV_CPU), rs_env_cap(RS_ENV_PARENT)) };
    let alloc = pd::Call::AllocRam { size: 4096, cache: pd::Cache::Cached };
    Honest::new(own, &alloc, &[]).check(
        tally,
        "allocate RAM",
        &[("with a cache attribute that there is not", 16, &[3])],
    );
    let transfers = pd::Transfers::default();
    Honest::new(own, &pd::Call::TransferAll { transfers }, &[]).check(
        tally,
        "transfer nothing",
        &[("five times", 8, &[5]), ("without end", 8, &[0xff; 8])],
    );
    let name = FixedString::new("t").unwrap_or_default();
    let thread = cpu::Call::CreateThread { pd: CAP, name, location: Location::default(), entry: 0 };
    Honest::new(cpu, &thread, &[own]).check(
        tally,
        "make a thread",
        &[
            ("with a name without a zero", 8, &[b'x'; 32]),
            ("with a name of another length", 40, &[1]),
            ("with a name that is longer than names are", 40, &[33]),
        ],
    );
    texts(tally, parent);
    map(tally);
}

/// Texts, to core and to a parent that is no core.
fn texts(tally: &mut Tally, parent: rs_cap_t) {
    let log = seam::open("LOG", "", cost::LOG).map_or(0, |(_, cap)| cap);
    let Some(text) = InBuffer::bytes(b"a line\n\0") else { return };
    Honest::new(log, &log::Call::Write { text }, &[]).check(
        tally,
        "write a line",
        &[
            ("without a zero", 16 + 7, b"x"),
            ("that ends before its length", 16 + 3, &[0; 5]),
            ("that is longer than lines are", 8, &[233]),
        ],
    );
    let Some(args) = parent::SessionArgs::new("ram_quota=0") else { return };
    Honest::new(parent, &parent::Call::Upgrade { id: 99, args }, &[]).check(
        tally,
        "upgrade a session that it has not",
        &[
            ("by text without a zero", 24 + 11, b"x"),
            ("by text that is not UTF-8", 24, &[0xff]),
            ("by text that ends before its length", 24 + 3, &[0; 9]),
        ],
    );
    let args = FixedString::new("ram_quota=0").unwrap_or_default();
    Honest::new(parent, &parent::Call::ResourceRequest { args }, &[]).check(
        tally,
        "ask for nothing",
        &[("of another length", 168, &[5]), ("without a zero", 8, &[b'x'; 160])],
    );
    let module = seam::open("ROM", "module", cost::ROM).map_or(0, |(_, c)| c);
    Honest::new(module, &rom::Call::Update, &[]).check(tally, "update a module", &[]);
    Honest::new(module, &rom::Call::Sigh { handler: CAP }, &[0]).check(
        tally,
        "wish to hear of updates",
        &[],
    );
}

/// Flags of a region map.
fn map(tally: &mut Tally) {
    let maps = seam::open("RM", "", cost::RM).map_or(0, |(_, cap)| cap);
    let made = seam::call(maps, OPCODES.rm.create, &[], |w| {
        w.put(&(1_u64 << 20));
    });
    let map = made.map_or(0, |answer| answer.cap());
    let Ok(ds) = seam::alloc(4096) else { return tally.control("allocate RAM", false) };
    let attr = region_map::Attr {
        size: 0,
        offset: 0,
        use_at: false,
        at: 0,
        executable: false,
        writeable: false,
    };
    Honest::new(map, &region_map::Call::Attach { ds: CAP, attr }, &[ds]).check(
        tally,
        "attach memory to a map",
        &[
            ("at an address, or not, or what", 8 + 16, &[2]),
            ("executable or what", 8 + 32, &[2]),
            ("writeable or what", 8 + 33, &[0xff]),
        ],
    );
}
