package view

import (
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// Alarms is the result of an alarm list, or which alarms an alarm disarm has
// ended; the latter has no header.
type Alarms struct {
	*etcdserverpb.AlarmResponse
}

// Simple prints a line for each alarm. Upstream prints protobuf's String of the
// message: up to 3.6 it ends in a blank, and since then the blanks
// intentionally differ from build to build. This prints one between the fields.
func (a Alarms) Simple(t *printer.Text) {
	for _, one := range a.GetAlarms() {
		var set []string
		if id := one.GetMemberID(); id != 0 {
			set = append(set, "memberID:"+strconv.FormatUint(id, 10))
		}
		if kind := one.GetAlarm(); kind != etcdserverpb.AlarmType_NONE {
			set = append(set, "alarm:"+kind.String())
		}
		t.Line(strings.Join(set, " ") + t.Release.AlarmEnd)
	}
}

// Message returns the response.
func (a Alarms) Message() proto.Message { return a.AlarmResponse }

// Fields lists the header, then a block for each alarm.
func (a Alarms) Fields(t *printer.Text) {
	headerFields(t, a.GetHeader())
	for _, one := range a.GetAlarms() {
		idField(t, "MemberID", one.GetMemberID())
		fieldName(t, "AlarmType")
		t.Line(one.GetAlarm().String())
		t.Byte('\n')
	}
}

// Objects prints the alarms.
func (a Alarms) Objects(l *printer.Lines) { messages(l, a.GetAlarms()) }

// Table shows a row for each alarm; the id is that of member list.
func (a Alarms) Table(g *printer.Grid) {
	g.Header("Member ID", "Alarm")
	for _, one := range a.GetAlarms() {
		g.Row(hexID(one.GetMemberID()), one.GetAlarm().String())
	}
}
