package docs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
)

// TestExamples parses every command line of docs/examples: the commands and
// flags exist, and so does every variable that the examples set.
func TestExamples(t *testing.T) {
	t.Parallel()
	lines := map[string]int{}
	parse := func(file string, args []string) {
		t.Helper()
		lines[file]++
		root := ctl.NewRoot(cli.Streams{})
		cmd, rest, err := root.Find(args)
		if err != nil || cmd.HasSubCommands() {
			t.Errorf("%s: %q is no command: %v", file, args, err)
			return
		}
		if err := cmd.ParseFlags(rest); err != nil {
			t.Errorf("%s: %q: %v", file, args, err)
		}
	}
	variable := func(file, name string) {
		t.Helper()
		flag, ok := strings.CutPrefix(name, "ETCDCTL_")
		if !ok {
			return
		}
		cmd, _, err := ctl.NewRoot(cli.Streams{}).Find([]string{"backup", "save"})
		if err != nil || cmd.InheritedFlags().Lookup(strings.ToLower(strings.ReplaceAll(flag, "_", "-"))) == nil {
			t.Errorf("%s: there is no flag for %s", file, name)
		}
	}
	files, err := filepath.Glob("examples/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".yaml") {
			for _, c := range containers(t, content) {
				parse(file, c.Args)
				if probe := c.LivenessProbe.Exec.Command; len(probe) > 0 && probe[0] == "etcdctl" {
					parse(file, probe[1:])
				}
				for _, one := range c.Env {
					variable(file, one.Name)
				}
			}
		}
		for line := range strings.Lines(string(content)) {
			line = strings.TrimSpace(line)
			if args, ok := strings.CutPrefix(line, "ExecStart=/usr/local/bin/etcdctl "); ok {
				parse(file, strings.Fields(args))
			}
			if args, ok := strings.CutPrefix(line, "etcdctl "); ok {
				parse(file, strings.Fields(args))
			}
			if set, ok := strings.CutPrefix(line, "Environment="); ok {
				name, _, _ := strings.Cut(set, "=")
				variable(file, name)
			}
		}
	}
	for file, least := range map[string]int{
		"examples/etcd-backup.service": 2, "examples/etcd-backup-cronjob.yaml": 2, "examples/backup-user.sh": 2,
		"examples/etcd-follow.service": 1, "examples/etcd-follow-deployment.yaml": 2,
	} {
		if lines[file] < least || !slices.Contains(files, file) {
			t.Errorf("%s has %d command lines", file, lines[file])
		}
	}
}

// TestPolicies checks what the roles for a bucket may do: the one that saves can't
// remove, the one that prunes can't write.
func TestPolicies(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"examples/s3-policy-save.json":  "AbortMultipartUpload GetObject ListBucket ListBucketMultipartUploads PutObject",
		"examples/s3-policy-prune.json": "AbortMultipartUpload DeleteObject GetObject ListBucket ListBucketMultipartUploads",
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var policy struct {
			Version   string
			Statement []struct {
				Effect, Resource string
				Action           []string
			}
		}
		if err := json.Unmarshal(content, &policy); err != nil || policy.Version != "2012-10-17" {
			t.Fatalf("%s: version %q, %v", file, policy.Version, err)
		}
		var may []string
		for _, s := range policy.Statement {
			if s.Effect != "Allow" || !strings.HasPrefix(s.Resource, "arn:aws:s3:::BUCKET") {
				t.Errorf("%s: %+v", file, s)
			}
			for _, action := range s.Action {
				may = append(may, strings.TrimPrefix(action, "s3:"))
			}
		}
		slices.Sort(may)
		if got := strings.Join(may, " "); got != want {
			t.Errorf("%s may %s", file, got)
		}
	}
}

type container struct {
	Args          []string
	Env           []struct{ Name string }
	LivenessProbe struct {
		Exec struct{ Command []string }
	} `yaml:"livenessProbe"`
}

// template is that of a pod.
type template struct {
	Spec struct {
		InitContainers []container `yaml:"initContainers"`
		Containers     []container
	}
}

// containers are those of a CronJob or a Deployment.
func containers(t *testing.T, content []byte) []container {
	t.Helper()
	var job struct {
		Kind string
		Spec struct {
			JobTemplate struct {
				Spec struct{ Template template }
			} `yaml:"jobTemplate"`
			Template template
		}
	}
	err := yaml.Unmarshal(content, &job)
	pod := job.Spec.Template.Spec
	switch job.Kind {
	case "CronJob":
		pod = job.Spec.JobTemplate.Spec.Template.Spec
	case "Deployment":
	default:
		t.Fatalf("kind %q, %v", job.Kind, err)
	}
	if err != nil || len(pod.Containers) == 0 {
		t.Fatalf("%s: %d containers, %v", job.Kind, len(pod.Containers), err)
	}
	return slices.Concat(pod.InitContainers, pod.Containers)
}
