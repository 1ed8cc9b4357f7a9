//! The wire format against messages of C++ peers, against itself, and against hostile bytes.

mod calls;
mod hostile;
mod interop;
mod vectors;
mod wire;
