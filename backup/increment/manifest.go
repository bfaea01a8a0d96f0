package increment

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"etcdkit/backup/pack"
)

// Manifest describes an increment. It is the first line of the object.
type Manifest struct {
	Format int `json:"format"`
	// Line names the history that the increment is a part of: it is the name of
	// the full backup that the history began with. That backup may be gone.
	Line string `json:"line"`
	// First and Last number the increment within its line; they differ if it was
	// merged from several. The next one has Last+1.
	First int64 `json:"first"`
	Last  int64 `json:"last"`

	Time     time.Time `json:"time"` // when its last revision was known to be whole
	By       string    `json:"by"`   // the program and its version
	Follower string    `json:"follower"`

	ClusterID string `json:"cluster_id"` // ids are in hexadecimal
	MemberID  string `json:"member_id"`  // of the server that was watched last
	Endpoint  string `json:"endpoint"`   // without user and password

	// Backup is the newest full backup of this line when the increment was
	// written, and BackupRevision its revision, which may be in, before or, for
	// the backup itself, after the range of the increment.
	Backup         string `json:"backup"`
	BackupRevision int64  `json:"backup_revision"`

	// The increment has every record of the revisions above After, up to To. It
	// may have none: then it says only that the revision was still To.
	After   int64 `json:"after"`
	To      int64 `json:"to"`
	Records int64 `json:"records"`

	// LastRecord is the sha256, in hexadecimal, of the last record up to To in the
	// line, its key in the bucket and its value. By it a follower recognizes the
	// history that it continues. "" if the line has no records yet.
	LastRecord string `json:"last_record,omitempty"`

	// Points say when which revision was the latest, in the order in which that
	// was seen. A clock that was set makes their times go back.
	Points []Point `json:"points"`

	Leases      int64       `json:"leases"` // at To
	LeaseSource LeaseSource `json:"lease_source"`

	// CompactRevision is the server's at To as far as it is known, -1 if there was
	// no compaction, 0 if it is not known.
	CompactRevision int64        `json:"compact_revision,omitempty"`
	Compactions     []Compaction `json:"compactions,omitempty"` // that were noticed
	Hashes          []Hash       `json:"hashes,omitempty"`
	Gaps            []Gap        `json:"gaps,omitempty"` // before this increment

	// Data names the layers of the bytes after the line, such as
	// "records.zst.age". A merged increment has Parts instead.
	Data       string   `json:"data,omitempty"`
	Plain      pack.Sum `json:"plain,omitzero"`
	Compressed pack.Sum `json:"compressed,omitzero"`
	Stored     pack.Sum `json:"stored"` // all bytes after the line
	Parts      []Part   `json:"parts,omitempty"`
}

// Point says that Revision was the latest at Time: all records up to it were
// received, and no later one.
type Point struct {
	Revision int64     `json:"revision"`
	Time     time.Time `json:"time"` // UTC, whole milliseconds
}

// Compaction is a compaction that was noticed.
type Compaction struct {
	CompactRevision int64     `json:"compact_revision"`
	Revision        int64     `json:"revision"` // the latest one when it was noticed; it was not there at the point before
	Time            time.Time `json:"time"`
}

// Hash is what a server said about its key bucket.
type Hash struct {
	Revision        int64  `json:"revision"`
	CompactRevision int64  `json:"compact_revision"` // as endpoint hashkv has it: -1 if there was no compaction
	HashKV          uint32 `json:"hashkv"`
	MemberID        string `json:"member_id"`
}

// Gap is a range of revisions, above From and below To, that was not recorded.
type Gap struct {
	From int64     `json:"from"` // the last revision that is known before the gap
	To   int64     `json:"to"`   // the first one after it, that of a full backup
	Time time.Time `json:"time"` // when it was noticed
	Why  string    `json:"why"`
	Line string    `json:"line"` // of what is before the gap
}

// LeaseSource is where the leases come from.
type LeaseSource string

// The sources of leases.
const (
	Polled  LeaseSource = "polled" // the server was asked at the end of the increment
	Exact   LeaseSource = "exact"  // read from the WAL of a member
	Unknown LeaseSource = "none"   // the server could not be asked
)

// Part is where a part of a merged increment is, whose own manifest is there.
type Part struct {
	Offset  int64     `json:"offset"` // of its line, from the end of the line of the merged one
	Size    int64     `json:"size"`   // of its line and its data
	To      int64     `json:"to"`
	Records int64     `json:"records"`
	Time    time.Time `json:"time"`
}

// Encrypted reports whether the records are encrypted; those of a merged
// increment are if those of its parts are.
func (m *Manifest) Encrypted() bool { return strings.HasSuffix(m.Data, pack.AgeSuffix) }

// Merged reports whether the increment has parts with manifests of their own.
func (m *Manifest) Merged() bool { return len(m.Parts) > 0 }

// dataName is what Data begins with.
const dataName = "records"

// layers are the layers of the records.
func (m *Manifest) layers() pack.Layers {
	return pack.Layers{
		Of: "the increment after revision " + decimal(m.After), Content: "increment", Encrypted: m.Encrypted(),
		Zstd:  strings.HasSuffix(strings.TrimSuffix(m.Data, pack.AgeSuffix), pack.ZstdSuffix),
		Plain: m.Plain, Compressed: m.Compressed, Stored: m.Stored,
	}
}

// parse reads a manifest.
func parse(line []byte) (*Manifest, error) {
	m := &Manifest{}
	if err := pack.Unseal(line, m); err != nil {
		return nil, err
	}
	return m, m.check()
}

// check reports what is wrong with a manifest as damage.
func (m *Manifest) check() error {
	switch {
	case m.Line == "" || m.First < 1 || m.Last < m.First:
		return pack.Damaged("no place in a line of increments")
	case m.After < 0 || m.To < m.After || m.Records < 0 || m.Leases < 0:
		return pack.Damaged("no range of revisions")
	case m.Records > 0 && m.To == m.After:
		return pack.Damaged("%d records of no revision", m.Records)
	case len(m.Points) == 0 || m.Points[len(m.Points)-1].Revision != m.To:
		return pack.Damaged("the time of revision %d is missing", m.To)
	case m.Merged():
		return m.checkParts()
	}
	sums := []pack.Sum{m.Plain, m.Compressed, m.Stored}
	switch m.Data {
	case dataName:
		if m.Stored != m.Plain {
			return pack.Damaged("the sizes contradict each other")
		}
	case dataName + pack.ZstdSuffix, dataName + pack.AgeSuffix, dataName + pack.ZstdSuffix + pack.AgeSuffix:
	default:
		return pack.Damaged("unknown data %.40q", m.Data)
	}
	for _, s := range sums {
		if err := checkSum(s); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manifest) checkParts() error {
	var end, records int64
	to := m.After
	for _, p := range m.Parts {
		if p.Offset != end || p.Size <= 0 || p.To < to || p.Records < 0 {
			return pack.Damaged("the parts do not follow each other")
		}
		end, to, records = end+p.Size, p.To, records+p.Records
	}
	if end != m.Stored.Size || to != m.To || records != m.Records {
		return pack.Damaged("the parts are not the whole")
	}
	return checkSum(m.Stored)
}

func checkSum(s pack.Sum) error {
	if sum, err := hex.DecodeString(s.SHA256); err != nil || len(sum) != sha256.Size || s.Size < 0 {
		return pack.Damaged("sizes and checksums are missing")
	}
	return nil
}
