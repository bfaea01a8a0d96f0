// Package fencekey names the keys of fences and recognises them, so that our
// commands neither export, mirror nor count them.
//
// It imports etcd's API messages and nothing else of etcd or this module.
package fencekey

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"sync"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// mark begins the suffix of a fence's name, after the key that it is named
// after.
const mark = "\x00etcdkit-fence-"

// suffix is compiled when a key has the mark, which is hardly ever.
//
//nolint:gochecknoglobals // a function that is never reassigned
var suffix = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\x00etcdkit-fence-[0-9a-f]{32}-[0-9]{1,6}$`)
})

// New returns a new name for a fence, to which a lane adds its number.
func New(key []byte) string {
	random := make([]byte, 16)
	rand.Read(random)
	return string(key) + mark + hex.EncodeToString(random) + "-"
}

// leaseMark is the upper half of the ids of leases that fences are under.
const leaseMark = 0x656b6663 // "ekfc"

// NewLease returns a new id for the lease of a fence. It may be in use.
func NewLease() int64 {
	random := make([]byte, 4)
	rand.Read(random)
	return leaseMark<<32 | int64(binary.BigEndian.Uint32(random))
}

// IsLease reports whether a lease may be that of a fence, by its id. A server
// chooses such an id for another lease about once in four billion times.
func IsLease(id int64) bool { return id>>32 == leaseMark }

// Is reports whether a key is a fence, made by a run of any of our commands. It
// goes by the name: the lease is missing from a list of keys without values, as
// a server of 3.7 sends it.
func Is(kv *mvccpb.KeyValue) bool { return IsName(kv.GetKey()) }

// IsName is Is for the name of a key.
func IsName(key []byte) bool { return bytes.Contains(key, []byte(mark)) && suffix().Match(key) }
