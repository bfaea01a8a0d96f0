package read

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/consistency"
	"etcdkit/printer/view"
)

// Replacement says how to replace copies that differ from the majority: a line
// for people, and a command, which may be "".
type Replacement func(copies []string) (line, command string)

var errInconsistent = errors.New("the copies differ")

// Compare compares copies as c says, with progress and notes on the error stream.
func Compare(ctx context.Context, s cli.Streams, c consistency.Comparison, copies []consistency.Copy) (*consistency.Result, error) {
	progress := s.Progress("hashes", cli.Items)
	defer progress.Done()
	c.Step = func(done, of int) { progress.Set(int64(done), int64(of)) }
	c.Say = func(text string) {
		progress.Done()
		fmt.Fprintln(cli.Visible(s.Err), "Note: "+text)
	}
	return c.Compare(ctx, copies)
}

// ConsistencyVerdict returns the exit code of a comparison.
func ConsistencyVerdict(r *consistency.Result) error {
	if r.Equal() {
		return nil
	}
	return cli.Reported(cli.FoundDiffers, errInconsistent)
}

// Consistency returns the view of a comparison. noun is what a copy is, such as
// member.
func Consistency(r *consistency.Result, noun string, replace Replacement) view.Parts {
	v := view.Parts{
		Lines: []string{verdictLine(r, noun)},
		Facts: []view.Named{
			{Name: "consistent", V: r.Equal()}, {Name: "revision", V: r.Revision}, {Name: "compact_revision", V: r.Compacted},
			{Name: "majority", V: majority(r)},
		},
		Lists: []view.Items{{Member: "copies", Names: []string{"name", "group", "hash", "latest_revision", "error"}},
			{Member: "differences", Names: []string{"copies", "revision", "compacted", "changes", "error", "next", "command"}},
			{Member: "changes", Names: changeNames()}},
	}
	for _, s := range r.Copies {
		v.Lists[0].All = append(v.Lists[0].All, copyItem(s))
	}
	if !r.Equal() {
		for g := range r.Groups {
			v.Lines = append(v.Lines, "  "+groupLine(r, g))
		}
	}
	for _, s := range r.Copies {
		if s.Err != nil {
			v.Lines = append(v.Lines, fmt.Sprintf("  not compared: %s: %v", s.Name, s.Err))
		}
	}
	for _, d := range r.Differences {
		addDifference(&v, r, d, replace)
	}
	if !r.Equal() {
		v.Rows = 2
	}
	return v
}

// majority names the copies of the majority.
func majority(r *consistency.Result) []string {
	if !r.Majority {
		return nil
	}
	return r.Names(0)
}

// at says at which revision the copies were compared.
func at(r *consistency.Result) string {
	text := fmt.Sprintf("at revision %d", r.Revision)
	if r.Compacted > 0 {
		text += fmt.Sprintf(" (compacted at %d)", r.Compacted)
	}
	return text
}

// verdictLine is the result in one line.
func verdictLine(r *consistency.Result, noun string) string {
	compared := 0
	for _, g := range r.Groups {
		compared += len(g)
	}
	switch {
	case r.Equal():
		return fmt.Sprintf("%d of %d %ss compared, all equal %s", compared, len(r.Copies), noun, at(r))
	case r.Majority:
		return fmt.Sprintf("the %ss differ: %d of %d agree %s", noun, len(r.Groups[0]), len(r.Copies), at(r))
	}
	return fmt.Sprintf("the %ss differ, and no majority of the %d agrees %s", noun, len(r.Copies), at(r))
}

func groupLine(r *consistency.Result, g int) string {
	line := strings.Join(r.Names(g), ", ")
	if sum := r.Copies[r.Groups[g][0]].Sum; sum != 0 {
		line += fmt.Sprintf(": hash %d", sum)
	}
	return line
}

func copyItem(s consistency.Standing) view.Item {
	text := ""
	if s.Err != nil {
		text = s.Err.Error()
	}
	return view.Item{Values: []view.Named{
		{Name: "name", V: s.Name}, {Name: "group", V: int64(s.Group) + 1}, {Name: "hash", V: int64(s.Sum)},
		{Name: "latest_revision", V: s.Head}, {Name: "error", V: text},
	}}
}

// addDifference adds where one group differs from the first, and what to do.
func addDifference(v *view.Parts, r *consistency.Result, d consistency.Difference, replace Replacement) {
	first, other := r.Names(0), r.Names(d.Group)
	failed := ""
	switch {
	case d.Err != nil:
		failed = d.Err.Error()
		v.Lines = append(v.Lines, fmt.Sprintf("where %s differs could not be found: %v", strings.Join(other, ", "), d.Err))
	case d.Kept:
		v.Lines = append(v.Lines, fmt.Sprintf("%s differs in what was written at revision %d or before, which is compacted:", strings.Join(other, ", "), d.Revision))
	default:
		v.Lines = append(v.Lines, fmt.Sprintf("%s differs from revision %d on:", strings.Join(other, ", "), d.Revision))
	}
	if len(d.Changes) == 0 && d.Err == nil {
		v.Lines = append(v.Lines, "  the stored records differ, but nothing that a client can read there")
	}
	for _, c := range d.Changes {
		v.Lines = append(v.Lines, changeLines(c, strings.Join(first, ", "), strings.Join(other, ", "))...)
		v.Lists[2].All = append(v.Lists[2].All, changeItem(first, d.Revision, c.First, c.Other), changeItem(other, d.Revision, c.Other, c.First))
	}
	if d.Same > 0 {
		v.Lines = append(v.Lines, fmt.Sprintf("  events of this revision that are equal: %d", d.Same))
	}
	if d.More > 0 {
		v.Lines = append(v.Lines, fmt.Sprintf("  further ones that differ: %d", d.More))
	}
	line, command := "no majority shows which is right: compare the values above with what your programs have written", ""
	if r.Majority {
		line, command = replace(other)
	}
	v.Lines = append(v.Lines, line)
	if command != "" {
		v.Lines = append(v.Lines, "  $ "+command)
	}
	v.Lists[1].All = append(v.Lists[1].All, view.Item{Values: []view.Named{
		{Name: "copies", V: other}, {Name: "revision", V: d.Revision}, {Name: "compacted", V: d.Kept}, {Name: "changes", V: int64(len(d.Changes) + d.More)},
		{Name: "error", V: failed}, {Name: "next", V: line}, {Name: "command", V: command},
	}})
}

// maxShown is how many bytes of a key or value are shown.
const maxShown = 120

// shown returns bytes quoted, and cut if they are many.
func shown(b []byte) string {
	if len(b) <= maxShown {
		return strconv.Quote(string(b))
	}
	return strconv.Quote(string(b[:maxShown])) + fmt.Sprintf("... (%d bytes)", len(b))
}

// changeLines shows a key, and what each side has of it.
func changeLines(c consistency.Change, first, other string) []string {
	key := c.First.GetKv().GetKey()
	if c.First == nil {
		key = c.Other.GetKv().GetKey()
	}
	return []string{"  " + shown(key), "    " + first + ": " + sideLine(c.First), "    " + other + ": " + sideLine(c.Other)}
}

// sideLine says what a side has.
func sideLine(e *mvccpb.Event) string {
	kv := e.GetKv()
	switch {
	case e == nil:
		return "nothing"
	case e.GetType() == mvccpb.DELETE:
		return "deleted at revision " + strconv.FormatInt(kv.GetModRevision(), 10)
	}
	line := fmt.Sprintf("%s (revision %d, created at %d, version %d", shown(kv.GetValue()), kv.GetModRevision(), kv.GetCreateRevision(), kv.GetVersion())
	if kv.GetLease() != 0 {
		line += fmt.Sprintf(", lease %016x", uint64(kv.GetLease()))
	}
	return line + ")"
}

func changeNames() []string {
	return []string{"copies", "revision", "event", "key", "value", "value_bytes", "mod_revision", "create_revision", "version", "lease"}
}

// changeItem is what one side has of a key; other names the key if it has nothing.
func changeItem(copies []string, rev int64, e, other *mvccpb.Event) view.Item {
	event, kv := "missing", &mvccpb.KeyValue{Key: other.GetKv().GetKey()}
	if e != nil {
		event, kv = strings.ToLower(e.GetType().String()), e.GetKv()
	}
	value := kv.GetValue()
	return view.Item{Values: []view.Named{
		{Name: "copies", V: copies}, {Name: "revision", V: rev}, {Name: "event", V: event}, {Name: "key", V: kv.GetKey()},
		{Name: "value", V: value[:min(len(value), maxShown)]}, {Name: "value_bytes", V: int64(len(value))}, {Name: "mod_revision", V: kv.GetModRevision()},
		{Name: "create_revision", V: kv.GetCreateRevision()}, {Name: "version", V: kv.GetVersion()}, {Name: "lease", V: kv.GetLease()},
	}}
}
