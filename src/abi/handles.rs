//! Handles: random tokens that are looked up in a table. They are never dereferenced and never given out twice.
//!
//! The table consists of immutable snapshots, which are read without a lock and replaced as a whole. So a forked child
//! always finds a consistent table, whatever its parent's threads were doing.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::call::Client;

type Clients = Vec<(usize, Arc<Client>)>;

/// Each change copies a shard, so there are many: even the ten-thousandth client costs only a few microseconds.
static SHARDS: [ArcSwapOption<Clients>; 64] = [const { ArcSwapOption::const_empty() }; 64];

fn shard(token: usize) -> &'static ArcSwapOption<Clients> {
    let [first, ..] = &SHARDS;
    // These bits are random in every token.
    SHARDS.get((token >> 2) % SHARDS.len()).unwrap_or(first)
}

/// Stores `client` and returns its handle; `None` if the system provides no random numbers.
pub fn register(client: Client) -> Option<usize> {
    let client = Arc::new(client);
    loop {
        let token = token(random()?);
        // With 60 random bits a collision is very unlikely, but it must not overwrite a live client.
        let mut is_known = false;
        shard(token).rcu(|clients| {
            let clients = clients.as_deref().map_or(&[][..], Vec::as_slice);
            is_known = clients.iter().any(|(other, _)| *other == token);
            let added = (!is_known).then(|| (token, Arc::clone(&client)));
            Some(Arc::new(clients.iter().cloned().chain(added).collect()))
        });
        if !is_known {
            return Some(token);
        }
    }
}

pub fn find(token: usize) -> Option<Arc<Client>> {
    let clients = shard(token).load();
    let (_, client) = clients.as_ref()?.iter().find(|(other, _)| *other == token)?;
    Some(Arc::clone(client))
}

/// Removes a handle. The client is dropped with the last call that uses it.
pub fn remove(token: usize) {
    if find(token).is_some() {
        shard(token).rcu(|clients| {
            let others = clients.iter().flat_map(|clients| clients.iter()).filter(|(other, _)| *other != token);
            Some(Arc::new(others.cloned().collect()))
        });
    }
}

fn random() -> Option<usize> {
    let mut bytes = [0; size_of::<usize>()];
    getrandom::fill(&mut bytes).ok()?;
    Some(usize::from_ne_bytes(bytes))
}

/// Never NULL, never -1, and never an address that the processor accepts: bits 63 and 62 differ (x86-64 requires all upper
/// bits to be equal), and so do bits 55 and 54 (arm64 may ignore the top byte).
#[cfg(target_pointer_width = "64")]
const fn token(random: usize) -> usize {
    let free = !(0b11 << 62 | 0b11 << 54);
    random & free | 1 << 63 | 1 << 54
}

/// Never NULL, never -1, and never aligned like a pointer to an object.
#[cfg(target_pointer_width = "32")]
const fn token(random: usize) -> usize {
    random & !0b11 | 0b01
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::token;

    #[test]
    fn a_token_is_never_null_minus_one_or_a_canonical_address() {
        for random in [0, usize::MAX, 0x0000_7fff_ffff_ffff, 0xffff_8000_0000_0000, 0x00ff_ffff_ffff_ffff] {
            let token = token(random);
            assert_ne!(token, 0);
            assert_ne!(token, usize::MAX);
            assert_ne!(token >> 63, token >> 62 & 1);
            assert_ne!(token >> 55 & 1, token >> 54 & 1);
        }
    }
}
