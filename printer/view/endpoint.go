package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
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

func statusColumns(r *printer.Release) columns[Status] {
	return columns[Status]{
		{name: "endpoint", cell: func(s Status) string { return s.Endpoint }},
		{name: "ID", cell: func(s Status) string { return hexID(s.GetHeader().GetMemberId()) }},
		{name: "version", cell: func(s Status) string { return s.GetVersion() }},
		{name: "storage version", absent: !r.StorageStatus, cell: func(s Status) string { return s.GetStorageVersion() }},
		{name: "db size", cell: func(s Status) string { return size(s.GetDbSize()) }, exact: func(s Status) string { return exactly(s.GetDbSize()) }},
		{name: "in use", absent: !r.StorageStatus, cell: func(s Status) string { return size(s.GetDbSizeInUse()) }, exact: func(s Status) string { return exactly(s.GetDbSizeInUse()) }},
		{name: "percentage not in use", absent: !r.StorageStatus, cell: Status.unused,
			exact: func(s Status) string { return strings.TrimSuffix(s.unused(), "%") }},
		{name: "quota", absent: !r.StorageStatus, cell: func(s Status) string { return size(s.GetDbSizeQuota()) }, exact: func(s Status) string { return exactly(s.GetDbSizeQuota()) }},
		{name: "is leader", cell: func(s Status) string {
			return strconv.FormatBool(s.GetLeader() == s.GetHeader().GetMemberId())
		}},
		{name: "is learner", cell: func(s Status) string { return strconv.FormatBool(s.GetIsLearner()) }},
		{name: "raft term", cell: func(s Status) string { return strconv.FormatUint(s.GetRaftTerm(), 10) }},
		{name: "raft index", cell: func(s Status) string { return strconv.FormatUint(s.GetRaftIndex(), 10) }},
		{name: "raft applied index", cell: func(s Status) string { return strconv.FormatUint(s.GetRaftAppliedIndex(), 10) }},
		{name: "errors", cell: func(s Status) string { return strings.Join(s.GetErrors(), ", ") }},
		{name: "downgrade target version", absent: !r.StorageStatus, cell: func(s Status) string {
			return s.GetDowngradeInfo().GetTargetVersion()
		}},
		{name: "downgrade enabled", absent: !r.StorageStatus, cell: func(s Status) string {
			return strconv.FormatBool(s.GetDowngradeInfo().GetEnabled())
		}},
	}
}

// Simple prints the columns of the table, separated by commas.
func (s EndpointStatus) Simple(t *printer.Text) { statusColumns(t.Release).lines(t, s...) }

// Table shows a row for each endpoint.
func (s EndpointStatus) Table(g *printer.Grid) { statusColumns(g.Release).table(g, s...) }

// unused is the part of the database file that a defragmentation could free.
// Upstream crashes on a file of no size, which has nothing to free.
func (s Status) unused() string {
	if s.GetDbSize() == 0 {
		return "0%"
	}
	return strconv.FormatInt(100-s.GetDbSizeInUse()*100/s.GetDbSize(), 10) + "%"
}

// size is a number of bytes in decimal units, as people read it.
func size(bytes int64) string { return humanize.Bytes(uint64(bytes)) }

// exactly is a number of bytes for machines.
func exactly(n int64) string { return strconv.FormatInt(n, 10) }

// Fields lists a block for each endpoint.
func (s EndpointStatus) Fields(t *printer.Text) {
	for _, one := range s {
		one.fields(t)
		t.Byte('\n')
	}
}

func (s Status) fields(t *printer.Text) {
	old := !t.Release.StorageStatus
	headerFields(t, s.GetHeader())
	quotedField(t, "Version", []byte(s.GetVersion()))
	if !old {
		quotedField(t, "StorageVersion", []byte(s.GetStorageVersion()))
	}
	intField(t, "DBSize", s.GetDbSize())
	if !old {
		intField(t, "DBSizeInUse", s.GetDbSizeInUse())
		intField(t, "DBSizeQuota", s.GetDbSizeQuota())
	}
	if t.HexAll() {
		idField(t, "Leader", s.GetLeader())
	} else {
		uintField(t, "Leader", s.GetLeader())
	}
	boolField(t, "IsLearner", s.GetIsLearner())
	uintField(t, "RaftIndex", s.GetRaftIndex())
	if old {
		uintField(t, "RaftTerm", s.GetRaftTerm())
	}
	uintField(t, "RaftAppliedIndex", s.GetRaftAppliedIndex())
	fieldName(t, "Errors")
	t.Line(fmt.Sprint(s.GetErrors()))
	quotedField(t, "Endpoint", []byte(s.Endpoint))
	if !old {
		quotedField(t, "DowngradeTargetVersion", []byte(s.GetDowngradeInfo().GetTargetVersion()))
		boolField(t, "DowngradeEnabled", s.GetDowngradeInfo().GetEnabled())
	}
}

// JSON prints an array with one element for each endpoint that answered; it is
// null where none did.
func (s EndpointStatus) JSON(t *printer.Text) {
	endpointsJSON(t, s, statusJSON)
}

// Objects prints the answer of each endpoint.
func (s EndpointStatus) Objects(l *printer.Lines) { each(l, s, statusJSON) }

func statusJSON(t *printer.Text, one Status) {
	o := t.Object()
	o.Key("Endpoint")
	t.JSONString(one.Endpoint)
	o.Key("Status")
	if t.Release.StorageStatus {
		t.MessageJSON(one.StatusResponse)
	} else {
		t.MessageJSON(one.StatusResponse, "storageVersion", "dbSizeQuota", "downgradeInfo")
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

func hashKVColumns(r *printer.Release) columns[HashKV] {
	return columns[HashKV]{
		{name: "endpoint", cell: func(h HashKV) string { return h.Endpoint }},
		{name: "hash", cell: func(h HashKV) string { return strconv.FormatUint(uint64(h.GetHash()), 10) }},
		{name: "hash_revision", absent: !r.HashRevision, cell: func(h HashKV) string {
			return strconv.FormatInt(h.GetHashRevision(), 10)
		}},
	}
}

// Simple prints the columns of the table, separated by commas.
func (h EndpointHashKV) Simple(t *printer.Text) { hashKVColumns(t.Release).lines(t, h...) }

// Table shows a row for each endpoint.
func (h EndpointHashKV) Table(g *printer.Grid) { hashKVColumns(g.Release).table(g, h...) }

// Fields lists a block for each endpoint.
func (h EndpointHashKV) Fields(t *printer.Text) {
	for _, one := range h {
		headerFields(t, one.GetHeader())
		quotedField(t, "Endpoint", []byte(one.Endpoint))
		uintField(t, "Hash", uint64(one.GetHash()))
		if t.Release.HashRevision {
			intField(t, "HashRevision", one.GetHashRevision())
		}
		t.Byte('\n')
	}
}

// JSON prints an array with one element for each endpoint that answered; it is
// null where none did.
func (h EndpointHashKV) JSON(t *printer.Text) {
	endpointsJSON(t, h, hashKVJSON)
}

// Objects prints the answer of each endpoint.
func (h EndpointHashKV) Objects(l *printer.Lines) { each(l, h, hashKVJSON) }

func hashKVJSON(t *printer.Text, one HashKV) {
	o := t.Object()
	o.Key("Endpoint")
	t.JSONString(one.Endpoint)
	o.Key("HashKV")
	if t.Release.HashRevision {
		t.MessageJSON(one.HashKVResponse)
	} else {
		t.MessageJSON(one.HashKVResponse, "hash_revision")
	}
	o.End()
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

// endpointsJSON prints an array, which since 3.6 is null where it would be
// empty: upstream's slice is nil then.
func endpointsJSON[T any](t *printer.Text, all []T, element func(*printer.Text, T)) {
	if len(all) == 0 && t.Release.NullForNone {
		t.JSONNull()
		return
	}
	a := t.Array()
	for _, one := range all {
		a.Next()
		element(t, one)
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
