package printer

import (
	"fmt"
	"slices"
	"strings"
)

// Release is a release of upstream's programs: its names, and everything in
// which its output or its behaviour differs from that of another release. Code
// asks for the fact it needs and never compares releases.
type Release struct {
	Name    string // the value of --compat, "3.6"; empty for the default
	Program string // the newest version of its programs that is followed, "3.6.16"
	API     string // the version of the API, "3.6"

	Table  TableStyle
	HexIDs HexIDs // where --hex writes ids in hexadecimal

	V2               bool   // etcdctl speaks the v2 API if ETCDCTL_API is 2
	OneLogin         bool   // commands for all endpoints log in once, at any endpoint that answers
	HexFields        bool   // the fields format honours --hex
	ZeroRevision     bool   // the fields of a header include a revision of 0
	StorageStatus    bool   // endpoint status shows storage version, sizes in use, quota and downgrade
	HashRevision     bool   // endpoint hashkv shows the revision that was hashed
	NullForNone      bool   // the JSON of endpoint commands without an answer is null, not []
	DefragTook       bool   // defrag says how long it took
	LearnerAdded     bool   // member add says that a learner was added
	ClientURLs       string // the name of a member's client URLs in the JSON of HexMemberList
	SnapshotRecords  bool   // snapshot status counts the records of all buckets as keys
	SnapshotVersion  bool   // snapshot status shows the storage version, snapshot save the server's
	RootRole         bool   // role get shows that the role root may do everything
	EmptyPrefix      bool   // role get marks the range of all keys as the empty prefix
	AlarmEnd         string // appended to the line of an alarm
	WatchNullEvents  bool   // a watch answer without events has null in JSON, not []
	RangeWarning     bool   // del of a plain range warns
	WatchCancelCause bool   // a watch answer in JSON has the reason of a cancellation
}

// TableStyle is how a release draws tables.
type TableStyle struct {
	Boxes     bool // borders are box characters, not ASCII
	EmptyRule bool // a table without rows has the line below its header twice
	Wrap      int  // cells wider than this are wrapped between words; 0 is never
}

// HexIDs is where --hex writes ids in hexadecimal. HexFields applies as well.
type HexIDs int

// The ids that --hex turns into hexadecimal strings in JSON.
const (
	HexAll        HexIDs = iota // every id of every command, in fields too
	HexMembers                  // the ids of the member commands
	HexMemberList               // the ids of member list, which then prints less of each member
)

// Releases returns the supported releases, oldest first. Each is the one before
// it with the changes that it brought.
func Releases() []Release {
	v35 := Release{
		Name: "3.5", Program: "3.5.33", API: "3.5",
		Table:           TableStyle{EmptyRule: true, Wrap: 30},
		HexIDs:          HexMemberList,
		V2:              true,
		OneLogin:        true,
		ZeroRevision:    true,
		ClientURLs:      "clientURLS",
		SnapshotRecords: true,
		EmptyPrefix:     true,
		AlarmEnd:        " ",
	}

	v36 := v35
	v36.Name, v36.Program, v36.API = "3.6", "3.6.16", "3.6"
	v36.V2 = false
	v36.OneLogin = false
	v36.HexFields = true
	v36.ZeroRevision = false
	v36.StorageStatus = true
	v36.HashRevision = true
	v36.NullForNone = true
	v36.DefragTook = true
	v36.LearnerAdded = true
	v36.ClientURLs = "clientURLs"
	v36.SnapshotRecords = false
	v36.SnapshotVersion = true
	v36.RootRole = true
	v36.EmptyPrefix = false
	v36.RangeWarning = true

	v37 := v36
	v37.Name, v37.Program, v37.API = "3.7", "3.7.3", "3.7"
	v37.Table = TableStyle{Boxes: true}
	v37.HexIDs = HexMembers
	v37.AlarmEnd = ""
	v37.WatchNullEvents = true
	v37.WatchCancelCause = true

	return []Release{v35, v36, v37}
}

// DefaultRelease returns the output without --compat: that of the newest
// release, with two exceptions that help scripts. Tables keep the ASCII borders
// of the releases before 3.7, and --hex applies to every id.
func DefaultRelease() Release {
	all := Releases()
	r := all[len(all)-1]
	r.Name = ""
	r.Table.Boxes = false
	r.HexIDs = HexAll
	r.V2 = true
	return r
}

// ReleaseNames returns the names that ParseRelease accepts.
func ReleaseNames() []string {
	var names []string
	for _, r := range Releases() {
		names = append(names, r.Name)
	}
	return names
}

// ParseRelease returns the release with the given name, which is a value of
// --compat; the empty name is the default's.
func ParseRelease(name string) (Release, error) {
	all := append(Releases(), DefaultRelease())
	i := slices.IndexFunc(all, func(r Release) bool { return r.Name == name })
	if i < 0 {
		return DefaultRelease(), fmt.Errorf("unsupported release %q for --compat: use one of %s", name, strings.Join(ReleaseNames(), ", "))
	}
	return all[i], nil
}

// V2Release returns the last release that has the v2 API.
func V2Release() Release {
	all := slices.DeleteFunc(Releases(), func(r Release) bool { return !r.V2 })
	return all[len(all)-1]
}
