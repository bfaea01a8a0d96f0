package tour

import (
	"strings"
	"testing"
)

const samplePage = "# T\n\n<!-- mask 1ms took (\\S+) -->\n\n## One\n\nText.\n\n```console\n$ cat <<EOF\n> a\n>\n> EOF\na\n\n$ cat\n> typed\ntyped\n^C\n```\n" +
	"```sh\netcd --flag=1 --data-dir=x\n```\n\n## Two\n\n```console\nmore\n^C\n```\n"

func TestParse(t *testing.T) {
	t.Parallel()
	chapters, err := parse(samplePage)
	if err != nil {
		t.Fatal(err)
	}
	if got := render(chapters); got != samplePage {
		t.Errorf("rendered:\n%s", got)
	}
	var typed []string
	for _, c := range chapters {
		typed = append(typed, "# "+c.title)
		for _, p := range c.parts {
			typed = append(typed, strings.Join(p.words, "|"))
			for _, s := range p.steps {
				typed = append(typed, s.typed+"="+s.output)
			}
		}
	}
	want := "# mask|1ms|took (\\S+) # One $ cat <<EOF\n> a\n>\n> EOF\n=a\n\n $ cat\n= > typed\n=typed\n ^C\n= # Two =more\n ^C\n="
	if got := strings.Join(strings.FieldsFunc(strings.Join(typed, "\x00"), func(r rune) bool { return r == 0 }), " "); got != strings.ReplaceAll(want, "# mask", "#  mask") {
		t.Errorf("steps %q, want %q", got, want)
	}
	for _, bad := range []string{"```console\n$ x\n", "<!-- mask\n-->\n"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q is no page", bad)
		}
	}
}

func TestServerArgs(t *testing.T) {
	t.Parallel()
	got := serverArgs([]part{{text: "```sh\n"}, {text: "etcd --flag=1 --data-dir=x\n"}})
	if strings.Join(got, " ") != "--flag=1" {
		t.Errorf("%q", got)
	}
	if got := serverArgs([]part{{text: "etcd --flag=1\n"}}); got != nil {
		t.Errorf("%q of a text", got)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	n := names{real: map[string]string{"127.0.0.1:2379": "127.0.0.1:40001"}}
	if err := n.id("8e9e05c52164694d", 0x1234567890abcdef); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"learn", "cafe", `^lease (\S+)`}, {"mask", "5_kB", `(\d+ kB)`}} {
		r, err := newRule(words)
		if err != nil {
			t.Fatal(err)
		}
		if words[0] == "learn" {
			n.learn = append(n.learn, r)
		} else {
			n.masked = append(n.masked, r)
		}
	}
	const shell = "at 127.0.0.1:40001 1234567890abcdef\nlease beef\nMember             beef left\n| 17 kB | 1311768467294899695 |\n\"m1=http://a,m4=http://d,m3=http://c\"\n"
	const page = "at 127.0.0.1:2379 8e9e05c52164694d\nlease cafe\nMember cafe left\n| 5 kB | 10276657743932975437 |\n\"m1=http://a,m3=http://c,m4=http://d\"\n"
	if got := n.forPage(shell); got != page {
		t.Errorf("the page has %s", got)
	}
	if got := n.forRun("$ revoke cafe 8e9e05c52164694d --endpoints 127.0.0.1:2379\n"); got != "$ revoke beef 1234567890abcdef --endpoints 127.0.0.1:40001\n" {
		t.Errorf("what is run is %s", got)
	}
	for _, bad := range [][]string{{"mask", "x"}, {"mask", "x", "("}, {"mask", "x", "no group"}} {
		if _, err := newRule(bad); err == nil {
			t.Errorf("%q is no rule", bad)
		}
	}
}

func TestAlign(t *testing.T) {
	t.Parallel()
	const before = "x\n+----+-------+\n| ID | SIZES |\n+----+-------+\n|  1 |  20 kB |\n| 12 | 1 B |\n+----+-------+\n| not closed"
	const after = "x\n+----+-------+\n| ID | SIZES |\n+----+-------+\n|  1 | 20 kB |\n| 12 |   1 B |\n+----+-------+\n| not closed"
	for _, text := range []string{before, after} {
		if got := align(text); got != after {
			t.Errorf("aligned:\n%s", got)
		}
	}
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	g := newGuide(&Page{}, t.TempDir())
	t.Cleanup(g.end)
	run := func(page string) error {
		chapters, err := parse(page)
		if err != nil {
			t.Fatal(err)
		}
		return g.run(t.Context(), chapters[0].parts)
	}
	const second = "<!-- terminal second -->\n"
	good := "```console\n$ name=you\n$ cat <<EOF\n> hello\n> $name\n> EOF\nhello\nyou\n$ false\n$ echo $?\n1\n```\n" +
		second + "```console\n$ cat\n> one\none\n```\n```console\n$ echo first\nfirst\n```\n" + second + "```console\n> two\ntwo\n^C\n$ echo $?\n130\n```\n"
	if err := run(good); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"```console\n$ echo a\nb\n```\n",
		"```console\n^C\n```\n",
		"<!-- juggle -->\n",
	} {
		if err := run(bad); err == nil {
			t.Errorf("nothing is wrong with\n%s", bad)
		}
	}
}
