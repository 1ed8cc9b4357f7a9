//! Calls through client and server at once.

extern crate std;

use core::cell::Cell;
use std::rc::Rc;

use super::interop::{
    Base, BaseClient, Cap, GIVEN, Interop, InteropClient, Name, Problem, Server, ThreeExceptions,
};
use crate::{
    __private::{Answer, Carrier, serve},
    cap::RawCap,
    rpc::{
        CallError, Caps, Client, Dispatch, Error, ExceptionCode, Interface, Invoke, Local, Opcodes,
        Reader, WireError, Writer,
    },
    sys::cap::{all_references, mint, references},
};

#[test]
fn opcodes_continue_those_of_the_base() {
    assert_eq!(<dyn Base as Interface>::COUNT, 2);
    assert_eq!(<dyn Interop as Interface>::COUNT, 27);
    assert_eq!(<dyn Interop as Interface>::NAME, "Interop");
    assert_eq!(<dyn Interop as Interface>::function(1), Some("increment"));
    assert_eq!(<dyn Interop as Interface>::function(2), Some("unsigned_ints"));
    assert_eq!(<dyn Interop as Interface>::function(26), Some("seven"));
    assert_eq!(<dyn Interop as Interface>::function(27), None);
}

#[test]
fn a_client_of_an_extension_is_one_of_its_base() {
    let client = Local::<dyn Interop, _>::client(Server);
    assert_eq!(client.increment(1), Ok(2)); // by `Deref`
    let base: &BaseClient<_> = &client;
    assert_eq!(base.increment(2), Ok(3));
}

#[test]
fn capabilities_pass_and_are_given_back() {
    let client = Local::<dyn Interop, _>::client(Server);
    let mine = Cap::new(mint(5));
    assert_eq!(client.take(mine.clone(), 0), Ok(true));
    assert_eq!(references(5), 1);
    let given = client.give().unwrap();
    assert_eq!(references(GIVEN), 1);
    let mut swapped = mine;
    let mut was_valid = 0;
    client.swap(&mut swapped, &mut was_valid).unwrap();
    assert_eq!((was_valid, references(5), references(GIVEN)), (1, 0, 2));
    assert!(swapped == given);
    drop((swapped, given));
    assert_eq!(all_references(), 0);
}

/// An object that answers every call with the same bytes.
struct Answers<'a> {
    code: i64,
    body: &'a [u8],
    caps: usize,
}

impl Carrier for Answers<'_> {}
impl Invoke for Answers<'_> {
    fn invoke(
        &self,
        _: (&[u8], &Caps),
        (reply, caps): (&mut [u8], &mut Caps),
    ) -> Result<Answer, Error> {
        reply[..self.body.len()].copy_from_slice(self.body);
        for _ in 0..self.caps {
            caps.push(mint(9)).unwrap();
        }
        Ok(Answer { len: self.body.len(), code: ExceptionCode::new(self.code) })
    }
}

fn answered(code: i64, body: &[u8], caps: usize) -> InteropClient<Answers<'_>> {
    Client::over(Answers { code, body, caps })
}

#[test]
fn a_client_checks_the_reply() {
    let reply = Error::Reply;
    assert_eq!(answered(0, &[], 0).nothing(), Err(reply(WireError::Short)));
    assert_eq!(answered(0, &[1, 2, 3], 0).increment(1), Err(reply(WireError::Short)));
    assert_eq!(answered(0, &[2; 8], 0).negate(true), Err(reply(WireError::BadValue)));
    assert_eq!(answered(0, &[0; 8], 1).nothing(), Err(reply(WireError::SurplusCap)));
    assert_eq!(answered(0, &[], 0).give(), Err(reply(WireError::MissingCap)));
    assert_eq!(answered(0, &[], 2).give(), Err(reply(WireError::SurplusCap)));
    let mut attempt = [0; 16];
    attempt[8] = 3; // no such problem
    let bad = CallError::Rpc(reply(WireError::BadValue));
    assert_eq!(answered(0, &attempt, 0).attempt_value(0), Err(bad));
    attempt[0] = 2; // neither value nor error
    assert_eq!(answered(0, &attempt, 0).attempt_value(0), Err(bad));
    assert_eq!(all_references(), 0);
}

#[test]
fn a_client_tells_exception_codes_apart() {
    for (code, error) in [
        (-1, Error::InvalidObject),
        (-2, Error::InvalidOpcode),
        (-3, Error::Refused),
        (-4, Error::ReplyOverflow),
        (-5, Error::Busy),
        (-6, Error::Undeclared(-6)),
        (1, Error::Undeclared(1)),
        (-1000, Error::Undeclared(-1000)),
        (-1001, Error::Undeclared(-1001)),
        (i64::MIN, Error::Undeclared(i64::MIN)),
    ] {
        assert_eq!(answered(code, &[0; 8], 0).nothing(), Err(error));
    }
    for (code, error) in [
        (-1003, CallError::Service(ThreeExceptions::First)),
        (-1001, CallError::Service(ThreeExceptions::Third)),
        (-1000, CallError::Rpc(Error::Undeclared(-1000))),
        (-1004, CallError::Rpc(Error::Undeclared(-1004))),
        (i64::MIN, CallError::Rpc(Error::Undeclared(i64::MIN))),
        (i64::MAX, CallError::Rpc(Error::Undeclared(i64::MAX))),
    ] {
        assert_eq!(answered(code, &[], 0).throw_void(1), Err(error));
    }
}

#[test]
fn arguments_come_back_only_with_a_good_reply() {
    let mut v = 7;
    // The result behind the argument is missing.
    let short = answered(0, &[1, 0, 0, 0, 0, 0, 0, 0], 0);
    assert_eq!(short.throw_value(0, &mut v), Err(Error::Reply(WireError::Short).into()));
    assert_eq!(v, 7);
}

#[test]
fn a_call_that_does_not_fit_is_an_error() {
    let (mut body, mut caps) = ([0; 8], Caps::new());
    let mut writer = Writer::new(&mut body, &mut caps);
    assert_eq!(writer.put(&1_u64), Ok(()));
    assert_eq!(writer.put(&1_u8), Err(WireError::Overflow));
    for _ in 0..4 {
        assert_eq!(writer.cap(RawCap::INVALID), Ok(()));
    }
    assert_eq!(writer.cap(mint(3)), Err(WireError::TooManyCaps));
    assert_eq!(all_references(), 0);
}

#[test]
fn a_reply_that_does_not_fit_is_an_exception_without_body() {
    let call = [20_u8, 0, 0, 0, 0, 0, 0, 0]; // give
    let mut increment = [0_u8; 16];
    increment[0] = 1;
    let mut reply_caps = Caps::new();
    let answer = serve::<dyn Interop, _>(
        &mut Server,
        Opcodes::DECLARED,
        (&increment, &mut Caps::new()),
        (&mut [0; 7], &mut reply_caps),
    );
    assert_eq!(answer, Answer { len: 0, code: ExceptionCode::OVERFLOW });
    let answer = serve::<dyn Interop, _>(
        &mut Server,
        Opcodes::DECLARED,
        (&call, &mut Caps::new()),
        (&mut [], &mut reply_caps),
    );
    assert_eq!(answer, Answer { len: 0, code: ExceptionCode::SUCCESS }); // a capability takes no bytes
    drop(reply_caps);
    assert_eq!(all_references(), 0);
}

#[test]
fn opcode_tables_renumber() {
    const TABLE: &[i64] = &[5, Opcodes::ABSENT, 9];
    let opcodes = Opcodes::table(TABLE);
    assert_eq!([0, 1, 2, 3].map(|f| opcodes.opcode(f)), [Some(5), None, Some(9), None]);
    assert_eq!([5, 9, 0, -1].map(|o| opcodes.function(o)), [Some(0), Some(2), None, None]);
    assert_eq!(Opcodes::DECLARED.function(-1), None);

    struct Renumbered(Local<dyn Interop, Server>, Cell<u8>);
    impl Carrier for Renumbered {}
    impl Invoke for Renumbered {
        fn invoke(
            &self,
            (call, caps): (&[u8], &Caps),
            reply: (&mut [u8], &mut Caps),
        ) -> Result<Answer, Error> {
            self.1.set(call[0]);
            let mut call = call.to_vec();
            call[0] = Opcodes::table(TABLE).function(i64::from(call[0])).unwrap() as u8;
            self.0.invoke((&call, caps), reply)
        }
    }
    let object = Renumbered(Local::new(Server), Cell::new(0));
    let client = InteropClient::with_opcodes(object, opcodes);
    assert_eq!(client.unsigned_ints(1, 2, 3, 4), Ok(10));
    assert_eq!(client.peer().invoke.1.get(), 9);
    assert_eq!(client.increment(1), Err(Error::Unsupported));
    assert_eq!(client.negate(true), Err(Error::Unsupported));
}

#[test]
fn a_call_into_a_call_finds_the_server_busy() {
    struct Recursive(Option<Rc<Local<dyn Base, Recursive>>>, Option<Error>);
    impl Base for Recursive {
        fn nothing(&mut self) {}
        fn increment(&mut self, v: u32) -> u32 {
            let own = self.0.clone().unwrap();
            self.1 = BaseClient::over(&*own).nothing().err();
            v
        }
    }
    let object = Rc::new(Local::<dyn Base, _>::new(Recursive(None, None)));
    object.server().borrow_mut().0 = Some(object.clone());
    assert_eq!(BaseClient::over(&*object).increment(1), Ok(1));
    assert_eq!(object.server().borrow().1, Some(Error::Busy));
    object.server().borrow_mut().0 = None;
}

#[test]
fn buffers_too_long_for_the_interface_do_not_reach_the_server() {
    let mut call = [0_u8; 48];
    call[0] = 11; // length
    call[8] = 17; // of 16
    let answer = serve::<dyn Interop, _>(
        &mut Server,
        Opcodes::DECLARED,
        (&call, &mut Caps::new()),
        (&mut [0; 64], &mut Caps::new()),
    );
    assert_eq!(answer.code.value(), ExceptionCode::MALFORMED.value());
    assert_eq!(Name::text("exactly fifteen").map(|n| n.as_bytes().len()), Some(15));
    assert_eq!(Name::text("sixteen letters!"), None);
    assert_eq!(Name::text("no\0zero"), None);
}

#[test]
fn dispatch_does_not_trust_its_index() {
    let (mut body, mut caps, mut call_caps) = ([0; 8], Caps::new(), Caps::new());
    for function in [27, 28, usize::MAX] {
        let result = <dyn Interop as Dispatch<Server>>::dispatch(
            &mut Server,
            function,
            &mut Reader::new(&[], &mut call_caps),
            &mut Writer::new(&mut body, &mut caps),
        );
        assert_eq!(result, Err(ExceptionCode::INVALID_OPCODE));
    }
}

#[test]
fn errors_of_services_and_of_calls_stay_apart() {
    let client = Local::<dyn Interop, _>::client(Server);
    assert_eq!(client.attempt_done(2).unwrap_err().service(), Some(Problem::NoCaps));
    assert_eq!(CallError::<Problem>::from(Error::Refused).service(), None);
}

/// Names that the macro could use itself are the user's.
mod names {
    use crate::rpc::Local;

    const CALL: usize = 2;
    const REPLY: usize = 3;

    #[derive(Clone, Copy, Debug, PartialEq, crate::Wire)]
    #[repr(transparent)]
    struct S(u32);
    #[derive(Clone, Copy, Debug, PartialEq, crate::Wire)]
    #[repr(C)]
    struct P {
        bytes: u8,
        start: u16,
        end: u32,
    }

    #[crate::rpc]
    trait Names {
        #[allow(clippy::too_many_arguments, reason = "that many names")]
        fn f(
            &self,
            call: S,
            reply: P,
            peer: [u8; CALL],
            value: [u8; REPLY],
            server: u8,
            function: u8,
        ) -> S;
        #[throws]
        fn g(&self, exception: &mut u8, reply: &mut u8) -> Result<S, Nothing>;
    }

    #[derive(Clone, Copy, Debug, PartialEq, crate::Exceptions)]
    enum Nothing {
        Result,
    }

    struct Server;
    impl Names for Server {
        fn f(&self, call: S, _: P, _: [u8; CALL], _: [u8; REPLY], _: u8, _: u8) -> S {
            call
        }
        fn g(&self, exception: &mut u8, reply: &mut u8) -> Result<S, Nothing> {
            core::mem::swap(exception, reply);
            if *reply == 0 { Err(Nothing::Result) } else { Ok(S(1)) }
        }
    }

    #[test]
    fn do_not_collide() {
        let client = Local::<dyn Names, _>::client(Server);
        let p = P { bytes: 1, start: 2, end: 3 };
        assert_eq!(client.f(S(9), p, [0; CALL], [0; REPLY], 0, 0), Ok(S(9)));
        let (mut a, mut b) = (4, 5);
        assert_eq!(client.g(&mut a, &mut b), Ok(S(1)));
        assert_eq!((a, b), (5, 4));
    }
}
