//! What the commands say: results on standard output, complaints on standard error.

use std::io::{self, Write};

use genode_args::shown::Shown;

/// Writes to standard output. A reader that went away is no error; a full disk is.
pub fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes to standard output; returns the exit value.
pub fn say(text: &str) -> u8 {
    match write(text) {
        Ok(()) => 0,
        Err(e) => complain(&format!("cannot write to standard output: {e}")),
    }
}

/// Tells an error; returns the exit value.
///
/// The message may quote a script, a file or a component: what would change how the terminal shows
/// the rest is shown by its number.
pub fn complain(message: &str) -> u8 {
    eprintln!("error: {}", shown(message));
    1
}

fn shown(message: &str) -> String {
    let keeps = |c| matches!(c, '\n' | '\t');
    let shown = |part: &str| {
        let text = part.trim_end_matches(keeps);
        Shown(text).to_string() + &part[text.len()..]
    };
    message.split_inclusive(keeps).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_message_quotes_does_not_reach_the_terminal() {
        assert_eq!(shown("a\x1b[2J\u{202e}\n\tb\r"), "a\\u{1b}[2J\\u{202e}\n\tb\\u{d}");
    }
}
