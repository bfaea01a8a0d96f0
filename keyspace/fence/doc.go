// Package fence carries out writes to an etcd cluster at most once, although
// they are sent again when an answer is lost.
//
// A request whose answer was lost may still be on its way: a paused or
// partitioned member can hold it for minutes and pass it on to the leader after
// newer writes. So a write is never simply repeated. The contract:
//
//   - Each [Fence.Write] is applied once or not at all, and all of it at one
//     revision.
//   - When Write returns without an error, no copy of the transaction can be
//     applied any more.
//   - A transaction is sent again only after a confirmed request has made every
//     earlier copy fail for good.
//   - When Write returns an error that is not an [*Unknown], nothing was written
//     and nothing will be, unless the server itself refuses after it has written,
//     as it does for lack of space.
//
// The fence is a key of this run under a lease of this run. Several
// transactions may be under way, each on its own lane with its own key. A
// transaction on a lane compares the lane's key with the revision that the lane
// has seen last, and writes the transaction's number into it. So a transaction
// that was applied changes what all of its copies compare, and so does the
// request that settles a lost answer: it writes another mark into the key if
// the transaction was not applied, and otherwise reads its number there. A
// revision never comes back, so no copy of either can be applied later. When
// the lease has ended, because the program was suspended or cut off for longer
// than [TTL], the key is gone and all copies fail as well; a new fence with a
// new random name is made, and if an answer was outstanding, the caller learns
// that it is unknown whether the transaction was applied.
//
// The keys are called like the first key to be written, with a suffix that
// begins with a NUL byte, so that a user who may write a range of keys may
// write the fence. The comparison also requires permission to read. Without
// these permissions Write sends its transaction only once. Close revokes the
// lease, which deletes the keys; a creation of one that is still under way then
// fails. A lost fence costs nothing: it ends with its lease.
//
// It may import keyspace/retry, etcd's client and API packages; never a command,
// a printer or the command line.
package fence
