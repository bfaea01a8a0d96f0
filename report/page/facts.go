// Package page writes a report for people: one HTML page that loads nothing and
// needs no script. It shows names of keys and members, which it does not trust,
// and no values.
//
// It may import report/inventory and keyspace/usage; nothing of commands, printer,
// cluster or snapshot, so that programs without a client can link it.
package page

import (
	"time"

	"etcdkit/report/inventory"
)

// Facts is what a report shows. What is not known has its zero value and is left
// out; Missing says why.
type Facts struct {
	At      time.Time
	Program string // that made the report, with its version
	Subject string // what it is about: a cluster, or a file
	Details []Detail

	Doctor    *Diagnosis // nil if the subject can't be examined
	Members   []Member
	Alarms    []string
	Inventory *inventory.Inventory
	Leases    *Leases
	Missing   []Missing
}

// Detail is one more fact about the subject.
type Detail struct{ Name, Value, Note string }

// Missing is something that could not be read.
type Missing struct{ What, Why string }

// Diagnosis is what is wrong with the subject, the worst first.
type Diagnosis struct {
	Findings                          []Finding
	Unchecked                         []Unchecked
	Checks, Members, Errors, Warnings int64
}

// Finding is one thing that is wrong.
type Finding struct {
	Check, Severity, Members, Evidence, Meaning, Command string
}

// Unchecked is something that could not be looked at, and how many checks are
// incomplete without it.
type Unchecked struct {
	What, Why string
	Checks    int64
}

// Member is a member of the cluster. Sizes are in bytes, 0 if they are not known.
type Member struct {
	Name, ID, Version, State string
	Leader, Learner, Up      bool
	Size, InUse, Quota       int64
	Lag                      int64    // entries that it has not applied
	URLs                     []string // for clients
}

// Leases is the leases of the subject.
type Leases struct {
	Count int64
	Keys  int64   // under any lease
	Many  bool    // there are more leases than are told apart
	Some  []Lease // those with the most keys
}

// Lease is one lease. Granted and Left are -1 if they are not known.
type Lease struct {
	ID            string
	Keys          int64
	Granted, Left time.Duration
}
