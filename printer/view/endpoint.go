package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// Status is one endpoint's answer to a status request.
type Status struct {
	Endpoint string
	*etcdserverpb.StatusResponse
}

// EndpointStatus is the result of an endpoint status.
type EndpointStatus []Status

// Simple prints the columns of the table, separated by commas.
func (s EndpointStatus) Simple(t *printer.Text) { commaLines(t, s, Status.row) }

// Table shows a row for each endpoint.
func (s EndpointStatus) Table(g *printer.Grid) {
	g.Header("endpoint", "ID", "version", "storage version", "db size", "in use", "percentage not in use", "quota",
		"is leader", "is learner", "raft term", "raft index", "raft applied index", "errors",
		"downgrade target version", "downgrade enabled")
	for _, one := range s {
		g.Row(one.row()...)
	}
}

func (s Status) row() []string {
	return []string{
		s.Endpoint, hexID(s.GetHeader().GetMemberId()), s.GetVersion(), s.GetStorageVersion(),
		size(s.GetDbSize()), size(s.GetDbSizeInUse()), s.unused(), size(s.GetDbSizeQuota()),
		strconv.FormatBool(s.GetLeader() == s.GetHeader().GetMemberId()), strconv.FormatBool(s.GetIsLearner()),
		strconv.FormatUint(s.GetRaftTerm(), 10), strconv.FormatUint(s.GetRaftIndex(), 10),
		strconv.FormatUint(s.GetRaftAppliedIndex(), 10), strings.Join(s.GetErrors(), ", "),
		s.GetDowngradeInfo().GetTargetVersion(), strconv.FormatBool(s.GetDowngradeInfo().GetEnabled()),
	}
}

// unused is the part of the database file that a defragmentation could free.
// Upstream crashes on a file of no size, which has nothing to free.
func (s Status) unused() string {
	if s.GetDbSize() == 0 {
		return "0%"
	}
	return strconv.FormatInt(100-s.GetDbSizeInUse()*100/s.GetDbSize(), 10) + "%"
}

// size is a number of bytes in decimal units, rounded to what go-humanize's
// Bytes leaves of it, which is what upstream prints. That includes what its
// logarithm makes of the powers of 1000. The package itself is not linked, as it
// takes time at every start.
func size(bytes int64) string {
	n := float64(uint64(bytes))
	if n < 10 {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	power := math.Floor(math.Log(n) / math.Log(1000))
	n = math.Floor(n/math.Pow(1000, power)*10+0.5) / 10
	decimals := 0
	if n < 10 {
		decimals = 1
	}
	unit := [...]string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}[int(power)]
	return strconv.FormatFloat(n, 'f', decimals, 64) + " " + unit
}

// Fields lists a block for each endpoint.
func (s EndpointStatus) Fields(t *printer.Text) {
	for _, one := range s {
		headerFields(t, one.GetHeader())
		quotedField(t, "Version", []byte(one.GetVersion()))
		quotedField(t, "StorageVersion", []byte(one.GetStorageVersion()))
		intField(t, "DBSize", one.GetDbSize())
		intField(t, "DBSizeInUse", one.GetDbSizeInUse())
		intField(t, "DBSizeQuota", one.GetDbSizeQuota())
		uintField(t, "Leader", one.GetLeader())
		boolField(t, "IsLearner", one.GetIsLearner())
		uintField(t, "RaftIndex", one.GetRaftIndex())
		uintField(t, "RaftAppliedIndex", one.GetRaftAppliedIndex())
		fieldName(t, "Errors")
		t.Line(fmt.Sprint(one.GetErrors()))
		quotedField(t, "Endpoint", []byte(one.Endpoint))
		quotedField(t, "DowngradeTargetVersion", []byte(one.GetDowngradeInfo().GetTargetVersion()))
		boolField(t, "DowngradeEnabled", one.GetDowngradeInfo().GetEnabled())
		t.Byte('\n')
	}
}

// JSON prints an array with one element for each endpoint that answered; it is
// null where none did.
func (s EndpointStatus) JSON(t *printer.Text) {
	endpointsJSON(t, s, func(one Status) {
		o := t.Object()
		o.Key("Endpoint")
		t.JSONString(one.Endpoint)
		o.Key("Status")
		one.json(t)
		o.End()
	})
}

func (s Status) json(t *printer.Text) {
	o := t.Object()
	headerJSON(t, o, s.GetHeader())
	o.String("version", s.GetVersion())
	o.Int("dbSize", s.GetDbSize())
	o.Uint("leader", s.GetLeader())
	o.Uint("raftIndex", s.GetRaftIndex())
	o.Uint("raftTerm", s.GetRaftTerm())
	o.Uint("raftAppliedIndex", s.GetRaftAppliedIndex())
	o.Strings("errors", s.GetErrors())
	o.Int("dbSizeInUse", s.GetDbSizeInUse())
	o.Bool("isLearner", s.GetIsLearner())
	o.String("storageVersion", s.GetStorageVersion())
	o.Int("dbSizeQuota", s.GetDbSizeQuota())
	if d := s.GetDowngradeInfo(); d != nil {
		o.Key("downgradeInfo")
		info := t.Object()
		info.Bool("enabled", d.GetEnabled())
		info.String("targetVersion", d.GetTargetVersion())
		info.End()
	}
	o.End()
}

// Protobuf writes a message of these definitions, in which etcd has only
// StatusResponse:
//
//	message EndpointStatus { repeated Status endpoints = 1; }
//	message Status { string endpoint = 1; StatusResponse status = 2; }
func (s EndpointStatus) Protobuf(t *printer.Text) {
	for _, one := range s {
		endpointMessage(t, one.Endpoint, one.StatusResponse)
	}
}

// HashKV is one endpoint's answer to a request for the hash of its keys.
type HashKV struct {
	Endpoint string
	*etcdserverpb.HashKVResponse
}

// EndpointHashKV is the result of an endpoint hashkv.
type EndpointHashKV []HashKV

// Simple prints the columns of the table, separated by commas.
func (h EndpointHashKV) Simple(t *printer.Text) { commaLines(t, h, HashKV.row) }

// Table shows a row for each endpoint.
func (h EndpointHashKV) Table(g *printer.Grid) {
	g.Header("endpoint", "hash", "hash_revision")
	for _, one := range h {
		g.Row(one.row()...)
	}
}

func (h HashKV) row() []string {
	return []string{
		h.Endpoint, strconv.FormatUint(uint64(h.GetHash()), 10), strconv.FormatInt(h.GetHashRevision(), 10),
	}
}

// Fields lists a block for each endpoint.
func (h EndpointHashKV) Fields(t *printer.Text) {
	for _, one := range h {
		headerFields(t, one.GetHeader())
		quotedField(t, "Endpoint", []byte(one.Endpoint))
		uintField(t, "Hash", uint64(one.GetHash()))
		intField(t, "HashRevision", one.GetHashRevision())
		t.Byte('\n')
	}
}

// JSON prints an array with one element for each endpoint that answered; it is
// null where none did.
func (h EndpointHashKV) JSON(t *printer.Text) {
	endpointsJSON(t, h, func(one HashKV) {
		o := t.Object()
		o.Key("Endpoint")
		t.JSONString(one.Endpoint)
		o.Key("HashKV")
		hash := t.Object()
		headerJSON(t, hash, one.GetHeader())
		hash.Uint("hash", uint64(one.GetHash()))
		hash.Int("compact_revision", one.GetCompactRevision())
		hash.Int("hash_revision", one.GetHashRevision())
		hash.End()
		o.End()
	})
}

// Protobuf writes a message of these definitions, in which etcd has only
// HashKVResponse:
//
//	message EndpointHashKV { repeated HashKV endpoints = 1; }
//	message HashKV { string endpoint = 1; HashKVResponse hash_kv = 2; }
func (h EndpointHashKV) Protobuf(t *printer.Text) {
	for _, one := range h {
		endpointMessage(t, one.Endpoint, one.HashKVResponse)
	}
}

// commaLines prints each element's columns in a line.
func commaLines[T any](t *printer.Text, all []T, row func(T) []string) {
	for _, one := range all {
		t.Line(strings.Join(row(one), ", "))
	}
}

// endpointsJSON prints an array as encoding/json does a slice, which is null
// where it holds nothing.
func endpointsJSON[T any](t *printer.Text, all []T, element func(T)) {
	if len(all) == 0 {
		t.Raw("null")
		return
	}
	a := t.Array()
	for _, one := range all {
		a.Next()
		element(one)
	}
	a.End()
}

// endpointMessage writes one element of a list of answers.
func endpointMessage(t *printer.Text, endpoint string, answer proto.Message) {
	b, err := proto.Marshal(answer)
	if err != nil {
		t.Fail(fmt.Errorf("marshal the answer of %s: %w", endpoint, err))
		return
	}
	m := appendString(nil, 1, endpoint)
	m = protowire.AppendBytes(protowire.AppendTag(m, 2, protowire.BytesType), b)
	t.Raw(string(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), m)))
}

func appendString(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}
