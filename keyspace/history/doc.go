// Package history reads the events of the past, in the order of their revisions, many times faster than one watch gets
// them: by several watches of the same keys that begin one after the other.
//
// A server sends a watch that is behind what happened in a thousand revisions, and to find that it reads all that is left
// of the history; then it rests for 100 ms. All watches that are behind share the reading. So a round of watches that
// begin a thousand revisions apart has what as many rounds of one watch have.
//
// What is handed over rests on nothing but what any server promises of a watch: events come in order, none is left out,
// and a revision is not split. When that does not lead on, the reading ends, and a watch of the ordinary kind has to go
// on from the next revision.
//
// Previous pairs are not to be had in this way: a watch that is canceled gets what a server has found for it by then, but
// without them.
//
// It may import etcd's client and API packages; never a printer or the command line.
package history
