package cluster

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
)

// memberID is how etcd derives the id of a member that bootstraps a cluster (server/etcdserver/api/membership): the
// first eight bytes of the SHA-1 of its sorted peer URLs and the cluster token. Our members have one peer URL.
func memberID(peerURL, token string) uint64 {
	sum := sha1.Sum([]byte(peerURL + token))
	return binary.BigEndian.Uint64(sum[:8])
}

// clusterID is how etcd derives the id of a new cluster: from its members' ids in ascending order.
func clusterID(members []uint64) uint64 {
	var all []byte
	for _, id := range members {
		all = binary.BigEndian.AppendUint64(all, id)
	}
	sum := sha1.Sum(all)
	return binary.BigEndian.Uint64(sum[:8])
}

// pickToken finds a cluster token under which the member ids ascend in the order of the names and have 16 hex digits
// each, and so have the cluster's id and those of the leases the members grant (bits 12 to 14 of the member's id lead
// those). Listings are sorted by id and ids are padded in tables and elsewhere, so without this two fresh clusters would
// differ in more than the ids.
func pickToken(peerURLs []string) (string, error) {
	const short = 1<<60 - 1 // the largest id of 15 digits
	for n := range 10000 {
		token := fmt.Sprintf("etcdkit-%d", n)
		last := uint64(short)
		ok := true
		ids := make([]uint64, 0, len(peerURLs))
		for _, u := range peerURLs {
			id := memberID(u, token)
			ok = ok && id > last && id>>12&7 != 0
			last = id
			ids = append(ids, id)
		}
		if ok && clusterID(ids) > short {
			return token, nil
		}
	}
	return "", fmt.Errorf("no cluster token sorts the members %v", peerURLs)
}

// Unpad takes away the blanks that the commands which change members put before an id of fewer than 16 digits.
func Unpad(text, id string) string {
	padded := fmt.Sprintf("%16s", id)
	return strings.NewReplacer("Member "+padded, "Member "+id, "cluster "+padded, "cluster "+id).Replace(text)
}

// given are the ports that freePorts has returned, none of them twice: a server that was told one may not listen yet.
//
//nolint:gochecknoglobals // the ports of a machine are one thing for the whole process
var given = struct {
	sync.Mutex
	ports map[int]bool
}{ports: map[int]bool{}}

// freePorts returns n different loopback ports that were free a moment ago.
// They are below those that systems assign to outgoing connections, of which
// the tests make many.
func freePorts(n int) ([]int, error) {
	const first, last, tries = 10_000, 32_000, 10_000
	given.Lock()
	defer given.Unlock()
	ports := make([]int, 0, n)
	for range tries {
		if len(ports) == n {
			return ports, nil
		}
		port := first + rand.IntN(last-first)
		if given.ports[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		given.ports[port] = true
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("no %d free ports from %d to %d", n, first, last)
}
