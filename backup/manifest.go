package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
	"time"

	"etcdkit/backup/pack"
)

// Manifest describes a backup. It is written last, so that a backup has one only
// if its data is stored.
type Manifest struct {
	Format int       `json:"format"`
	Name   string    `json:"name"`
	Time   time.Time `json:"time"` // when the snapshot was requested, UTC, whole seconds
	By     string    `json:"by"`   // the program and its version

	Origin

	StorageVersion  string `json:"storage_version,omitempty"` // in the file; servers before 3.6 write none
	Revision        int64  `json:"revision"`
	CompactRevision int64  `json:"compact_revision"` // -1 if there was no compaction, as endpoint hashkv has it
	HashKV          uint32 `json:"hashkv"`           // at these two revisions
	Keys            int64  `json:"keys"`
	Records         int64  `json:"records"`
	Leases          int64  `json:"leases"`
	Members         int64  `json:"members"`
	Kubernetes      bool   `json:"kubernetes,omitempty"` // there are keys below /registry/

	Data       string `json:"data"`       // the object with the snapshot
	Plain      Sum    `json:"plain"`      // the snapshot file, with the sha256 that ends it
	Compressed Sum    `json:"compressed"` // the same as Plain if not compressed
	Stored     Sum    `json:"stored"`     // the same as Compressed if not encrypted

	// Verified is how the stored bytes were verified before the manifest was
	// written.
	Verified How `json:"verified"`
}

// Origin is where a snapshot came from. Only the file's own facts are read
// from the file.
type Origin struct {
	ClusterID     string `json:"cluster_id"` // in hexadecimal
	MemberID      string `json:"member_id"`
	ServerVersion string `json:"server_version"`
	Endpoint      string `json:"endpoint"` // without user and password
}

// How is how a backup was verified.
type How string

// The ways to verify a backup, from the weakest on.
const (
	None     How = "none"
	Readback How = "readback" // the stored bytes were read back and compared
	Deep     How = "deep"     // decrypted, decompressed, and every page and record checked
	Drilled  How = "drill"    // a server was started on it and compared
)

// rank orders the ways to verify.
func (h How) rank() int {
	switch h {
	case Readback:
		return 1
	case Deep:
		return 2
	case Drilled:
		return 3
	}
	return 0
}

// Encrypted reports whether the snapshot is encrypted.
func (m *Manifest) Encrypted() bool { return strings.HasSuffix(m.Data, pack.AgeSuffix) }

// compressed reports whether the snapshot is compressed.
func (m *Manifest) compressed() bool {
	return strings.HasSuffix(strings.TrimSuffix(m.Data, pack.AgeSuffix), pack.ZstdSuffix)
}

// parseManifest reads the manifest of the backup with this name.
func parseManifest(backup string, b []byte) (*Manifest, error) {
	m := &Manifest{}
	if err := pack.Unseal(b, m); err != nil {
		return nil, err
	}
	if m.Name != backup {
		return nil, damaged("the manifest is that of %q", m.Name)
	}
	if !isData(m.Data) || m.Time.IsZero() {
		return nil, damaged("the manifest is incomplete")
	}
	for _, s := range []Sum{m.Plain, m.Compressed, m.Stored} {
		if sum, err := hex.DecodeString(s.SHA256); err != nil || len(sum) != sha256.Size || s.Size <= 0 {
			return nil, damaged("the manifest has no sizes and checksums")
		}
	}
	if !m.compressed() && m.Compressed != m.Plain || !m.Encrypted() && m.Stored != m.Compressed {
		return nil, damaged("the sizes in the manifest contradict each other")
	}
	return m, nil
}

// Record is the result of verifying a backup after it was saved, an object of
// its own beside the manifest.
type Record struct {
	Format  int       `json:"format"`
	Backup  string    `json:"backup"`
	Time    time.Time `json:"time"`
	By      string    `json:"by"`
	How     How       `json:"how"`
	Problem string    `json:"problem,omitempty"` // what is wrong; empty if the backup is good

	object string // where it is stored
}

// place returns the name of a new object for the record.
func (r *Record) place(random string) string {
	return path.Join(r.Backup, "verified-"+r.Time.UTC().Format(timeLayout)+"-"+random+".json")
}

func parseRecord(backup string, b []byte) (*Record, error) {
	r := &Record{}
	if err := pack.Unseal(b, r); err != nil {
		return nil, err
	}
	if r.Backup != backup {
		return nil, damaged("the record is that of %q", r.Backup)
	}
	return r, nil
}
