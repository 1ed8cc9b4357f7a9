//! A terminal that stands in for a person's: of 80 by 24 characters, at which all that is shown is
//! typed back. A run script can grant it, and so test a component without a person.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
};

/// Makes one. Whoever types there ends once nobody has the terminal any more.
pub(super) fn terminal() -> io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let person = openpt(flags)?;
    grantpt(&person)?;
    unlockpt(&person)?;
    let terminal = ioctl_tiocgptpeer(&person, flags)?;
    let mut modes = tcgetattr(&terminal)?;
    // Its echo would be typed back, and echoed again.
    modes.local_modes.remove(LocalModes::ECHO);
    modes.input_modes.remove(InputModes::IMAXBEL);
    tcsetattr(&terminal, OptionalActions::Now, &modes)?;
    let (ws_col, ws_row) = (80, 24);
    tcsetwinsize(&terminal, Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 })?;
    std::thread::Builder::new().name("stand-in".into()).spawn(move || type_back(&person))?;
    Ok(terminal)
}

fn type_back(person: &OwnedFd) {
    let mut bytes = [0; 1024];
    loop {
        let mut rest = match rustix::io::read(person, &mut bytes) {
            Err(Errno::INTR) => continue,
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.get(..count).unwrap_or_default(),
        };
        while !rest.is_empty() {
            match rustix::io::write(person, rest) {
                Err(Errno::INTR) => {}
                Ok(0) | Err(_) => return,
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            }
        }
    }
}
