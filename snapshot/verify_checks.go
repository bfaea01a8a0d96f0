package snapshot

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/coreos/go-semver/semver"
	"go.etcd.io/etcd/api/v3/authpb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot/internal/wire"
)

// Names of the other buckets (server/storage/schema/bucket.go).
const (
	alarmBucket     = "alarm"
	authBucket      = "auth"
	authRolesBucket = "authRoles"
	authUsersBucket = "authUsers"
	clusterBucket   = "cluster"
	leaseBucket     = "lease"
	membersBucket   = "members"
	removedBucket   = "members_removed"
)

// Further keys of the buckets "meta", "auth" and "cluster".
const (
	keyConsistentIndex = "consistent_index"
	keyTerm            = "term"
	keyConfState       = "confState"
	keyAuthEnabled     = "authEnabled"
	keyAuthRevision    = "authRevision"
	keyClusterVersion  = "clusterVersion"
	keyDowngrade       = "downgrade"
)

func expectedBuckets() []string {
	return []string{
		alarmBucket, authBucket, authRolesBucket, authUsersBucket, clusterBucket, KeyBucket,
		leaseBucket, membersBucket, removedBucket, MetaBucket,
	}
}

// bucketCheck is how the elements of a bucket are checked. element says what
// is wrong with one, or "".
type bucketCheck struct {
	kind    FaultKind
	element func(key, value []byte) string
}

// checks returns the check of a bucket. Of one that etcd has not, only the
// pages can be checked.
func (v *verifier) checks(bucket string) bucketCheck {
	switch bucket {
	case alarmBucket:
		return bucketCheck{FaultMeta, func(key, _ []byte) string { return message(key, func(protowire.Number, uint64) {}) }}
	case authBucket:
		return bucketCheck{FaultAuth, checkAuth}
	case authRolesBucket:
		return bucketCheck{FaultAuth, v.checkRole}
	case authUsersBucket:
		return bucketCheck{FaultAuth, v.checkUser}
	case clusterBucket:
		return bucketCheck{FaultMembership, checkCluster}
	case leaseBucket:
		return bucketCheck{FaultLease, checkLease}
	case membersBucket:
		return bucketCheck{FaultMembership, v.checkMember}
	case removedBucket:
		return bucketCheck{FaultMembership, func(key, _ []byte) string { _, detail := memberID(key); return detail }}
	case MetaBucket:
		return bucketCheck{FaultMeta, new(metaCheck).element}
	}
	return bucketCheck{FaultPage, func(_, _ []byte) string { return "" }}
}

// message decodes a protocol buffer message, hands its numbers to number, and
// says what is wrong with it.
func message(b []byte, number func(protowire.Number, uint64)) string {
	err := wire.Fields(b, func(f wire.Field) error {
		if f.Type == protowire.VarintType {
			number(f.Num, f.Varint)
		}
		return nil
	})
	if err != nil {
		return "cannot unmarshal: " + err.Error()
	}
	return ""
}

func checkAuth(key, value []byte) string {
	switch string(key) {
	case keyAuthEnabled:
		if len(value) != 1 || value[0] > 1 {
			return fmt.Sprintf("neither on nor off: %q", value)
		}
	case keyAuthRevision:
		return eightBytes(value)
	}
	return ""
}

func (v *verifier) checkRole(key, value []byte) string {
	var r authpb.Role
	v.roles[string(key)] = true
	if err := proto.Unmarshal(value, &r); err != nil {
		return "cannot unmarshal: " + err.Error()
	}
	if string(r.GetName()) != string(key) {
		return fmt.Sprintf("the role says that its name is %q", r.GetName())
	}
	return ""
}

func (v *verifier) checkUser(key, value []byte) string {
	var u authpb.User
	if err := proto.Unmarshal(value, &u); err != nil {
		return "cannot unmarshal: " + err.Error()
	}
	if string(u.GetName()) != string(key) {
		return fmt.Sprintf("the user says that the name is %q", u.GetName())
	}
	for _, role := range u.GetRoles() {
		if !v.roles[role] && role != "root" && !v.missing[authRolesBucket] { // root's exists without being written
			return fmt.Sprintf("the user has the role %q, which does not exist", role)
		}
	}
	return ""
}

func checkCluster(key, value []byte) string {
	switch string(key) {
	case keyClusterVersion:
		if _, err := semver.NewVersion(string(value)); err != nil {
			return "no version: " + err.Error()
		}
	case keyDowngrade:
		if !json.Valid(value) {
			return "not JSON"
		}
	}
	return ""
}

func checkLease(key, value []byte) string {
	if len(key) != 8 {
		return fmt.Sprintf("a lease id of %d bytes", len(key))
	}
	var id uint64
	detail := message(value, func(num protowire.Number, v uint64) {
		if num == 1 {
			id = v
		}
	})
	if want := binary.BigEndian.Uint64(key); detail == "" && id != want {
		return fmt.Sprintf("the lease says that its id is %x", id)
	}
	return detail
}

func (v *verifier) checkMember(key, value []byte) string {
	v.report.Members++
	id, detail := memberID(key)
	if detail != "" {
		return detail
	}
	var m struct {
		ID uint64 `json:"id"`
	}
	if err := json.Unmarshal(value, &m); err != nil {
		return "cannot unmarshal: " + err.Error()
	}
	if m.ID != id {
		return fmt.Sprintf("the member says that its id is %x", m.ID)
	}
	return ""
}

func memberID(key []byte) (id uint64, detail string) {
	id, err := strconv.ParseUint(string(key), 16, 64)
	if err != nil {
		return 0, "no member id"
	}
	return id, ""
}

// metaCheck checks the bucket "meta", whose keys come in their order.
type metaCheck struct{ finished int64 }

func (m *metaCheck) element(key, value []byte) string {
	switch string(key) {
	case keyConsistentIndex, keyTerm:
		if detail := eightBytes(value); detail != "" {
			return detail
		}
		if binary.BigEndian.Uint64(value) >= 1<<63 {
			return fmt.Sprintf("%d is more than there can have been", binary.BigEndian.Uint64(value))
		}
	case keyFinishedCompact, keyScheduledCompact:
		rev, err := ParseRevision(value)
		if err != nil {
			return err.Error()
		}
		if string(key) == keyFinishedCompact {
			m.finished = rev.Main
		} else if rev.Main < m.finished {
			return fmt.Sprintf("a compaction is scheduled at revision %d, but one at %d has finished", rev.Main, m.finished)
		}
	case keyStorageVersion:
		if _, err := semver.NewVersion(string(value)); err != nil {
			return "no version: " + err.Error()
		}
	case keyConfState:
		var conf struct{ Voters, Learners []uint64 }
		if err := json.Unmarshal(value, &conf); err != nil {
			return "cannot unmarshal: " + err.Error()
		}
	}
	return ""
}

func eightBytes(value []byte) string {
	if len(value) != 8 {
		return fmt.Sprintf("a number of %d bytes", len(value))
	}
	return ""
}
