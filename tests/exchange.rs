//! Weights of other programs: what is read from them gives the scores that their own program gives, and nothing that is
//! damaged, malicious or of another net is taken for weights.
//!
//! `exchange/files` holds one small net in every container, written by `exchange/make_files.py` with PyTorch, and the
//! scores that PyTorch gives four images, from their bytes.

mod by_hand;
mod commands;
mod damaged;
mod made;
mod matched;
mod messages;
mod normalised;
mod protobuf;
mod scores;
