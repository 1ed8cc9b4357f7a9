//! RPC messages: calls that reach a server, replies that reach a client.

use genode::{
    __private::{Answer, Carrier, serve},
    Capability, RawCap,
    affinity::{Affinity, Location},
    rpc::{Caps, Client, Error, ExceptionCode, FixedString, InBuffer, Invoke, Local, Opcodes},
};

/// An enum with a gap and a negative value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(i32)]
pub enum Color {
    /// −1.
    Infrared = -1,
    /// 0.
    Red,
    /// 7.
    Blue = 7,
}

/// A struct with padding, a `bool` and an enum inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct Mixed {
    /// Followed by padding.
    pub flag: bool,
    /// Aligned to 8.
    pub number: u64,
    /// Must be one of its values.
    pub color: Color,
    /// Without padding inside.
    pub small: [u16; 2],
}

/// Declared exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Exceptions)]
pub enum Thrown {
    /// The first.
    First,
    /// The second.
    Second,
}

/// One function for each rule of the wire format.
#[genode::rpc]
pub trait Probe {
    /// Nothing.
    fn nothing(&mut self);
    /// Numbers of each size.
    fn numbers(&mut self, a: u8, b: i16, c: u32, d: i64, e: bool) -> u64;
    /// By reference, and back.
    fn mixed(&mut self, a: &Mixed, b: &mut Mixed) -> Color;
    /// Bytes of variable length.
    fn buffer(&mut self, a: InBuffer<'_, 16>, b: u32, c: InBuffer<'_, 160>) -> usize;
    /// Text of fixed capacity.
    fn text(&mut self, text: &FixedString<32>) -> FixedString<32>;
    /// An `Attempt`.
    fn attempt(&mut self, color: Color) -> Result<Mixed, Color>;
    /// An `Attempt` of a capability.
    fn attempt_cap(&mut self, ok: bool) -> Result<Capability<dyn Probe>, Color>;
    /// Exceptions, with an argument that comes back.
    #[throws]
    fn throws(&mut self, number: u32, out: &mut u16) -> Result<u32, Thrown>;
    /// Capabilities.
    fn caps(&mut self, a: Capability<dyn Probe>, b: &mut Capability<dyn Probe>) -> bool;
    /// What Genode's sessions carry.
    fn affinity(&mut self, affinity: &Affinity, location: Location) -> Affinity;
}

/// Answers with what it was given; its state shows how often it was called.
#[derive(Debug, Default)]
pub struct Server {
    calls: u32,
}

impl Probe for Server {
    fn nothing(&mut self) {
        self.calls += 1;
    }

    fn numbers(&mut self, a: u8, b: i16, c: u32, d: i64, e: bool) -> u64 {
        self.calls += 1;
        u64::from(a) ^ (b as u64) ^ u64::from(c) ^ (d as u64) ^ u64::from(e)
    }

    fn mixed(&mut self, a: &Mixed, b: &mut Mixed) -> Color {
        self.calls += 1;
        let color = b.color;
        *b = *a;
        color
    }

    fn buffer(&mut self, a: InBuffer<'_, 16>, _: u32, c: InBuffer<'_, 160>) -> usize {
        self.calls += 1;
        assert!(a.as_bytes().len() <= 16 && c.as_bytes().len() <= 160);
        let text = c.as_text();
        assert!(text.is_none_or(|text| !text.contains('\0')));
        a.as_bytes().len() + text.map_or(0, str::len)
    }

    fn text(&mut self, text: &FixedString<32>) -> FixedString<32> {
        self.calls += 1;
        assert!(text.as_bytes().len() < 32 && !text.as_bytes().contains(&0));
        *text
    }

    fn attempt(&mut self, color: Color) -> Result<Mixed, Color> {
        self.calls += 1;
        match color {
            Color::Blue => Ok(Mixed { flag: true, number: 7, color, small: [1, 2] }),
            other => Err(other),
        }
    }

    fn attempt_cap(&mut self, ok: bool) -> Result<Capability<dyn Probe>, Color> {
        self.calls += 1;
        if ok { Ok(Capability::INVALID) } else { Err(Color::Red) }
    }

    fn throws(&mut self, number: u32, out: &mut u16) -> Result<u32, Thrown> {
        self.calls += 1;
        *out = out.wrapping_add(1);
        match number {
            1 => Err(Thrown::First),
            2 => Err(Thrown::Second),
            number => Ok(number),
        }
    }

    fn caps(&mut self, a: Capability<dyn Probe>, b: &mut Capability<dyn Probe>) -> bool {
        self.calls += 1;
        core::mem::replace(b, a).is_valid()
    }

    fn affinity(&mut self, affinity: &Affinity, location: Location) -> Affinity {
        self.calls += 1;
        Affinity { space: affinity.space, location }
    }
}

/// As many invalid capabilities as the number's remainder says: valid ones exist in a system only.
fn invalid_caps(number: u8) -> Caps {
    let mut caps = Caps::new();
    for _ in 0..number % 5 {
        let _ = caps.push(RawCap::INVALID);
    }
    caps
}

/// Serves a call: one byte for the number of capabilities, then the body.
///
/// # Panics
/// When the answer is not what an answer may be.
pub fn call(bytes: &[u8]) {
    let Some((&caps, body)) = bytes.split_first() else { return };
    let mut server = Server::default();
    let (mut reply, mut reply_caps) = ([0xee; 256], Caps::new());
    let answer = serve::<dyn Probe, _>(
        &mut server,
        Opcodes::DECLARED,
        (body, &mut invalid_caps(caps)),
        (&mut reply, &mut reply_caps),
    );
    assert!(answer.len <= reply.len() && answer.len.is_multiple_of(8));
    assert!(reply[answer.len..].iter().all(|&byte| byte == 0xee), "written beyond the length");
    let refused =
        [ExceptionCode::INVALID_OPCODE, ExceptionCode::MALFORMED].map(ExceptionCode::value);
    let was_refused = refused.contains(&answer.code.value());
    assert_eq!(server.calls, u32::from(!was_refused), "a refused call reached the server");
    assert!(was_refused || matches!(answer.code.value(), 0 | -1001 | -1002));
    if was_refused {
        assert_eq!((answer.len, reply_caps.as_slice().len()), (0, 0));
    }
    // The same call gives the same answer when zeros follow, as on kernels that do not tell the length. Only one
    // that was refused for being short may be accepted then.
    let mut longer = body.to_vec();
    longer.resize(body.len().next_multiple_of(8) + 64, 0);
    let mut again = ([0xee; 256], Caps::new());
    let second = serve::<dyn Probe, _>(
        &mut Server::default(),
        Opcodes::DECLARED,
        (&longer, &mut invalid_caps(caps)),
        (&mut again.0, &mut again.1),
    );
    if !was_refused {
        assert_eq!((second, again.0), (answer, reply));
    }
}

/// Plays a server that replies with anything.
struct Liar<'a> {
    code: i64,
    caps: u8,
    body: &'a [u8],
}

impl Carrier for Liar<'_> {}
impl Invoke for Liar<'_> {
    fn invoke(
        &self,
        _: (&[u8], &Caps),
        (reply, caps): (&mut [u8], &mut Caps),
    ) -> Result<Answer, Error> {
        let len = self.body.len().min(reply.len());
        reply[..len].copy_from_slice(&self.body[..len]);
        *caps = invalid_caps(self.caps);
        Ok(Answer { len: self.body.len(), code: ExceptionCode::new(self.code) })
    }
}

/// Gives a client a reply: two bytes exception code, one byte for the number of capabilities, then the body.
pub fn reply(bytes: &[u8]) {
    let &[low, high, caps, ref body @ ..] = bytes else { return };
    // Near the words that mean something.
    let code = -i64::from(u16::from_le_bytes([low, high]) % 1100);
    let client: ProbeClient<Liar<'_>> = Client::over(Liar { code, caps, body });
    let color = Color::Infrared;
    let start = Mixed { flag: false, number: 0, color, small: [0; 2] };
    let mut mixed = start;
    if client.mixed(&start, &mut mixed).is_err() {
        assert_eq!(mixed, start, "changed by a reply that was refused");
    }
    let _ = client.nothing();
    let _ = client.numbers(0, 0, 0, 0, false);
    if let (Some(a), Some(c)) = (InBuffer::bytes(&[]), InBuffer::text("")) {
        let _ = client.buffer(a, 0, c);
    }
    if let Ok(text) = client.text(&FixedString::EMPTY) {
        assert!(text.as_bytes().len() < 32 && !text.as_bytes().contains(&0));
    }
    let _ = client.attempt(color);
    let _ = client.attempt_cap(true);
    let mut out = 1;
    let _ = client.throws(0, &mut out);
    let _ = client.caps(Capability::INVALID, &mut Capability::INVALID.clone());
    let _ = client.affinity(&Affinity::default(), Location::default());
}

/// Messages of honest peers, to start from: name, and the bytes that [`call`] takes.
pub fn honest_calls() -> Vec<(&'static str, Vec<u8>)> {
    /// Writes down what a client sends.
    struct Recorder(std::cell::RefCell<Vec<u8>>, Local<dyn Probe, Server>);
    impl Carrier for Recorder {}
    impl Invoke for Recorder {
        fn invoke(
            &self,
            (body, caps): (&[u8], &Caps),
            reply: (&mut [u8], &mut Caps),
        ) -> Result<Answer, Error> {
            *self.0.borrow_mut() = [&[caps.as_slice().len() as u8], body].concat();
            self.1.invoke((body, caps), reply)
        }
    }
    let recorder = Recorder(Default::default(), Local::new(Server::default()));
    let client: ProbeClient<&Recorder> = Client::over(&recorder);
    let mixed = Mixed { flag: true, number: 5, color: Color::Blue, small: [3, 4] };
    let (short, long) = (InBuffer::text("sixteen at most"), InBuffer::text("label=\"a -> b\""));
    let mut calls = Vec::new();
    let mut record = |name, ok: bool| {
        assert!(ok, "{name}");
        calls.push((name, recorder.0.borrow().clone()));
    };
    record("nothing", client.nothing().is_ok());
    record("numbers", client.numbers(1, -2, 3, -4, true).is_ok());
    record("mixed", client.mixed(&mixed, &mut mixed.clone()).is_ok());
    if let (Some(short), Some(long)) = (short, long) {
        record("buffer", client.buffer(short, 9, long).is_ok());
    }
    record("text", client.text(&FixedString::new("some text").unwrap_or_default()).is_ok());
    record("attempt", client.attempt(Color::Blue).is_ok());
    record("attempt_cap", client.attempt_cap(true).is_ok());
    record("throws", client.throws(1, &mut 2).is_err());
    record("caps", client.caps(Capability::INVALID, &mut Capability::INVALID.clone()).is_ok());
    record("affinity", client.affinity(&Affinity::default(), Location::default()).is_ok());
    calls
}
