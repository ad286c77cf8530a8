//! A seeded plan: what happens to the n-th request for an id.

use crate::delivery::End;
use crate::step::{Reply, Step};

/// The same arguments give the same step, whatever the other requests do.
pub fn plan(seed: u64, id: &[u8], nth: u64) -> Step {
    let mut dice = Dice(id.iter().fold(seed ^ nth.rotate_left(32), |state, byte| {
        let mut dice = Dice(state ^ u64::from(*byte));
        dice.next()
    }));
    match dice.below(100) {
        0..28 => Step::Service,
        28..31 => limited(u64::MAX, End::Cut, Step::Service),
        31..33 => Step::Informational { count: 2, then: Box::new(Step::Service) },
        33..37 => refusal(&mut dice),
        37..44 => too_many(&mut dice),
        fate => {
            let end = open(fate, &mut dice);
            if dice.below(2) == 0 { Step::Delete(Box::new(end)) } else { end }
        }
    }
}

/// Not deleted, and not worth a retry.
fn refusal(dice: &mut Dice) -> Step {
    match dice.below(6) {
        0 => reply("400;;{\"message\":\"err.invalid\"}"),
        1 => reply("401"),
        2 => reply("403;;<html>no</html>"),
        3 => reply("404"),
        4 => reply("409;;{\"message\":\"err.conflict\"}"),
        // Cut short, so it does not say that the id does not exist.
        _ => limited(
            u64::MAX,
            End::Cut,
            reply("400;content-length:300;;{\"message\":\"err.signature.request.not.exist\""),
        ),
    }
}

fn too_many(dice: &mut Dice) -> Step {
    match dice.below(3) {
        0 => reply("429"),
        1 => reply("429;retry-after:0"),
        _ => reply("429;retry-after:1"),
    }
}

/// Nobody can tell from these whether it was deleted.
fn open(fate: u64, dice: &mut Dice) -> Step {
    let lost = if dice.below(2) == 0 { End::Cut } else { End::Reset };
    match fate {
        44..58 => limited(0, lost, Step::Ok),
        // Inside the status line or the first field: no answer.
        58..66 => limited(1 + dice.below(30), lost, Step::Ok),
        66..72 => {
            limited(u64::MAX, lost, reply("200;content-length:400;;{\"message\":\"msg.deleted\",\"result\":\"{id}"))
        }
        72..77 => reply("408"),
        77..83 => reply("503;retry-after:0"),
        83..86 => reply("500;;{\"message\":\"err.internal\"}"),
        86..89 => reply("502;;<html>bad gateway</html>"),
        89..91 => reply("504"),
        91 => Step::Raw(b"this is not HTTP\r\n\r\n".to_vec()),
        92 => reply("200;content-length:1;content-length:2;;{}"),
        93 => reply("499"),
        94 => reply("302;location:/elsewhere"),
        95 => reply("204"),
        96 => reply("200;;{\"message\":\"msg.deleted\",\"result\":\"another\"}"),
        97 => Step::Body { status: 200, length: 100_000 },
        98 => reply("503;retry-after:1"),
        _ => Step::Silent,
    }
}

fn limited(bytes: u64, end: End, of: Step) -> Step {
    Step::Limit { bytes, end, of: Box::new(of) }
}

fn reply(text: &str) -> Step {
    // The words above are fixed, and a test reads them all.
    text.parse::<Reply>().map_or(Step::Silent, Step::Reply)
}

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn many() -> impl Iterator<Item = Step> {
        (0..20_000_u64).map(|id| plan(7, id.to_string().as_bytes(), id % 3))
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_seed_another() {
        assert!(many().eq(many()));
        assert!((0..50_u64).any(|id| plan(7, &id.to_le_bytes(), 0) != plan(8, &id.to_le_bytes(), 0)));
        assert!((0..50_u64).any(|id| plan(7, &id.to_le_bytes(), 0) != plan(7, &id.to_le_bytes(), 1)));
    }

    #[test]
    fn a_deletion_is_never_hidden_behind_a_refusal() {
        for step in many() {
            if let Step::Delete(then) = step
                && let Step::Reply(reply) = *then
            {
                assert!(!(400..500).contains(&reply.status) || [408, 499].contains(&reply.status), "{reply:?}");
            }
        }
    }

    #[test]
    fn every_kind_of_end_comes_up_and_silence_stays_rare() {
        let mut kinds = HashMap::new();
        let mut silent = 0;
        for step in many() {
            let step = if let Step::Delete(then) = step { *then } else { step };
            silent += u32::from(step == Step::Silent);
            let kind = match step {
                Step::Reply(reply) => format!("{}", reply.status),
                Step::Limit { end, of, bytes } => format!("{end:?} {} {of:?}", bytes.min(1)),
                step => format!("{step:?}"),
            };
            *kinds.entry(kind).or_insert(0) += 1;
        }
        assert_eq!(kinds.len(), 28, "{kinds:#?}");
        assert!((100..300).contains(&silent), "{silent}");
    }
}
