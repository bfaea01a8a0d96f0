package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestPage(t *testing.T) {
	t.Parallel()
	const markdown = "# A page\n\nSome `code` and\na [link](x.md#y) in a paragraph that is long.\n\n- an item that is\n  longer than a line\n- another\n\n" +
		"| name | what |\n| --- | --- |\n| `--flag`, `-f` | **bold** words that go on |\n\n```\n$ a line of code that is longer than the page\n```\n\n## Next\n\nEnd.\n"
	const want = `A PAGE

Some code and a link in a
paragraph that is long.

- an item that is longer
  than a line
- another

  --flag, -f
             bold words
             that go on

    $ a line of code that is longer than the page

NEXT

End.
`
	if got := page(markdown, 27); got != want {
		t.Errorf("%s", got)
	}
	for line := range strings.Lines(page(markdown, 3)) { // a word longer than the terminal stays whole
		if strings.Contains(line, "par ") {
			t.Errorf("%q", line)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	const help = "Words in a line that is longer than this terminal.\n\nExamples:\n  etcdctl stays whole however long this line is\n\nFlags:\n      --flag string   what it is for, in some words\n"
	const want = "Words in a line that is longer than\nthis terminal.\n\nExamples:\n  etcdctl stays whole however long this line is\n\nFlags:\n      --flag string   what it is for,\n    in some words\n"
	if got := fit(help, 38); got != want {
		t.Errorf("%s", got)
	}
	if got := fit(help, 200); got != help {
		t.Errorf("%s", got)
	}
}

func TestOtherNames(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{Use: "program"}
	member := &cobra.Command{Use: "member"}
	member.AddCommand(&cobra.Command{Use: "list", Run: func(*cobra.Command, []string) {}})
	root.AddCommand(&cobra.Command{Use: "put", Run: func(*cobra.Command, []string) {}}, member)
	for word, want := range map[string]string{"set": "put", "mk": "put --create-only", "members": "member list", "keys": "", "save": ""} {
		if got := strings.Join(suggestions(root, word), " or "); got != want {
			t.Errorf("%s: %q", word, got)
		}
	}
}
