package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var update = flag.Bool("update", false, "write kube/testdata anew")

// testdata has our own objects, for the tests of package kube.
const testdata = "../../../kube/testdata"

func to[T any](v T) *T { return &v }

func at(seconds int64) metav1.Time { return metav1.NewTime(time.Unix(1767225600+seconds, 0)) }

func managed(fields string) []metav1.ManagedFieldsEntry {
	return []metav1.ManagedFieldsEntry{{
		Manager: "kube-controller-manager", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: to(at(3)),
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}}
}

// pod is about as large as one that runs in a cluster: 4 KB.
func pod() runtime.Object {
	env := []corev1.EnvVar{{Name: "LOG_LEVEL", Value: "info"}, {Name: "NAME", ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
		{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "shop"}, Key: "password"}}}}
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
		Path: "/healthz", Port: intstr.FromString("http"), Scheme: "HTTP"}}, PeriodSeconds: 10, TimeoutSeconds: 1, FailureThreshold: 3, SuccessThreshold: 1}
	container := func(name string) corev1.Container {
		return corev1.Container{
			Name: name, Image: "registry.example.com/shop/" + name + ":1.24.0", Args: []string{"--listen=:8080", "--verbose"}, Env: env,
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: "TCP"}},
			Resources: corev1.ResourceRequirements{
				Limits:   corev1.ResourceList{"cpu": resource.MustParse("500m"), "memory": resource.MustParse("256Mi")},
				Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("128Mi")},
			},
			VolumeMounts: []corev1.VolumeMount{{Name: "config", MountPath: "/etc/shop"},
				{Name: "kube-api-access-x7k2p", ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"}},
			LivenessProbe: probe, ReadinessProbe: probe, TerminationMessagePath: "/dev/termination-log",
			TerminationMessagePolicy: "File", ImagePullPolicy: "IfNotPresent",
		}
	}
	condition := func(t corev1.PodConditionType) corev1.PodCondition {
		return corev1.PodCondition{Type: t, Status: "True", LastTransitionTime: at(9), ObservedGeneration: 1}
	}
	status := func(name string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, Ready: true, Started: to(true), Image: "registry.example.com/shop/" + name + ":1.24.0",
			ImageID:     "registry.example.com/shop/" + name + "@sha256:9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
			ContainerID: "containerd://1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a7988",
			State:       corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at(8)}}}
	}
	return &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "web-6d4cf56db6-x7k2p", GenerateName: "web-6d4cf56db6-", Namespace: "shop", UID: types.UID("0b7a9d4e-7f39-4c8b-9d52-0d3a0c9f1e21"),
			CreationTimestamp: at(0), Generation: 1, Labels: map[string]string{"app": "web", "pod-template-hash": "6d4cf56db6", "tier": "frontend"},
			Annotations: map[string]string{"prometheus.io/scrape": "true", "note": "line 1\nline \"2\" <&> é\t\u2028"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-6d4cf56db6",
				UID: "7c1b6f0a-2f5e-4b7f-8a83-fd4b1c5e9d10", Controller: to(true), BlockOwnerDeletion: to(true)}},
			ManagedFields: managed(`{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},"f:ownerReferences":` +
				`{".":{},"k:{\"uid\":\"7c1b6f0a-2f5e-4b7f-8a83-fd4b1c5e9d10\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},` +
				`"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},` +
				`"f:containerPort":{},"f:name":{},"f:protocol":{}}},"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{},"f:memory":{}}},` +
				`"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{}}}`),
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{container("web"), container("proxy")}, RestartPolicy: "Always", DNSPolicy: "ClusterFirst",
			TerminationGracePeriodSeconds: to(int64(30)), ServiceAccountName: "default", NodeName: "node-1", SecurityContext: &corev1.PodSecurityContext{},
			SchedulerName: "default-scheduler", Priority: to(int32(0)), EnableServiceLinks: to(true),
			Tolerations: []corev1.Toleration{{Key: "node.kubernetes.io/not-ready", Operator: "Exists", Effect: "NoExecute", TolerationSeconds: to(int64(300))}},
			Volumes: []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "shop"}, DefaultMode: to(int32(420))}}},
				{Name: "kube-api-access-x7k2p", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{DefaultMode: to(int32(420)),
					Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: to(int64(3607)), Path: "token"}}}}}}},
		},
		Status: corev1.PodStatus{Phase: "Running", HostIP: "10.0.0.4", PodIP: "10.244.1.17", PodIPs: []corev1.PodIP{{IP: "10.244.1.17"}},
			StartTime: to(at(1)), QOSClass: "Burstable", Conditions: []corev1.PodCondition{condition("Initialized"), condition("Ready"), condition("PodScheduled")},
			ContainerStatuses: []corev1.ContainerStatus{status("web"), status("proxy")}},
	}
}

// objects are ours, by the name of their files.
func objects() map[string]runtime.Object {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Namespace: "shop", UID: "5ad0c6a1-33f1-4d0a-8f43-2f4c21d7a9b0", CreationTimestamp: at(0)}
	}
	secret := meta("shop")
	secret.Annotations = map[string]string{
		"kubectl.kubernetes.io/last-applied-configuration": `{"apiVersion":"v1","data":{"password":"aHVudGVyMg=="},"kind":"Secret"}`,
	}
	secret.ManagedFields = managed(`{"f:data":{".":{},"f:password":{}},"f:type":{}}`)
	return map[string]runtime.Object{
		"pod": pod(),
		"secret": &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: secret, Type: "Opaque",
			Data: map[string][]byte{"password": []byte("hunter2"), "empty": {}}},
		"deployment": &appsv1.Deployment{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, ObjectMeta: meta("web"),
			Spec: appsv1.DeploymentSpec{Replicas: to(int32(0)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
				Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: to(intstr.FromString("25%")), MaxUnavailable: to(intstr.FromInt32(0))}},
				Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web:1"}}}}}},
		"lease": &coordinationv1.Lease{TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"}, ObjectMeta: meta("node-1"),
			Spec: coordinationv1.LeaseSpec{HolderIdentity: to("node-1"), LeaseDurationSeconds: to(int32(40)), RenewTime: to(metav1.NewMicroTime(time.Unix(1767225600, 123456789)))}},
		"event": &eventsv1.Event{TypeMeta: metav1.TypeMeta{APIVersion: "events.k8s.io/v1", Kind: "Event"}, ObjectMeta: meta("web.17a1"),
			Reason: "Pulled", Note: "Container image was pulled", Type: "Normal", Regarding: corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: "web"}},
		"service": &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: meta("web"),
			Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.7", ClusterIPs: []string{"10.96.0.7"}, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}, {Port: 443}}}},
		"apiservice": &apiregistrationv1.APIService{TypeMeta: metav1.TypeMeta{APIVersion: "apiregistration.k8s.io/v1", Kind: "APIService"}, ObjectMeta: meta("v1.shop"),
			Spec: apiregistrationv1.APIServiceSpec{Group: "shop", Version: "v1", CABundle: []byte("ca"), GroupPriorityMinimum: 10, VersionPriority: 1}},
		"controllerrevision": &appsv1.ControllerRevision{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ControllerRevision"}, ObjectMeta: meta("db-1"),
			Data: runtime.RawExtension{Raw: []byte(`{"spec": {"template": {"$patch": "replace"}}}`)}, Revision: 1},
		"crd": &apiextensionsv1.CustomResourceDefinition{
			TypeMeta: metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}, ObjectMeta: meta("orders.shop.example.com"),
			Spec: apiextensionsv1.CustomResourceDefinitionSpec{Group: "shop.example.com", Scope: "Namespaced",
				Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "orders", Kind: "Order"},
				Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{Name: "v1", Served: true, Storage: true, Schema: &apiextensionsv1.CustomResourceValidation{
					OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", Maximum: to(1.5), Minimum: to(1e-7), Properties: map[string]apiextensionsv1.JSONSchemaProps{
						"count": {Type: "integer", Default: &apiextensionsv1.JSON{Raw: []byte(`1`)}, Enum: []apiextensionsv1.JSON{{Raw: []byte(`1`)}, {Raw: []byte(`{"a": 2}`)}}},
						"more":  {AdditionalProperties: &apiextensionsv1.JSONSchemaPropsOrBool{Allows: true}, Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &apiextensionsv1.JSONSchemaProps{Type: "string"}}},
						"list":  {Items: &apiextensionsv1.JSONSchemaPropsOrArray{JSONSchemas: []apiextensionsv1.JSONSchemaProps{{Type: "string"}, {Type: "object"}}}},
						"deps": {Dependencies: apiextensionsv1.JSONSchemaDependencies{"a": {Property: []string{"b"}}, "c": {Schema: &apiextensionsv1.JSONSchemaProps{Type: "object"}}},
							AdditionalProperties: &apiextensionsv1.JSONSchemaPropsOrBool{Schema: &apiextensionsv1.JSONSchemaProps{Type: "string"}}, AdditionalItems: &apiextensionsv1.JSONSchemaPropsOrBool{}},
					}}}}},
			}},
	}
}

// stored returns an object as kube-apiserver stores it.
func stored(t testing.TB, o runtime.Object) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := protobuf.NewSerializer(nil, nil).Encode(o, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestObjects decodes our own objects, and checks that the files of package kube are
// those objects.
func TestObjects(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	for name, o := range objects() {
		value := stored(t, o)
		got, err := d.Decode(nil, nil, value)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
		for ext, content := range map[string][]byte{".pb": value, ".json": append(got, '\n')} {
			path := filepath.Join(testdata, name+ext)
			if *update {
				if err := os.WriteFile(path, content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, content) {
				t.Errorf("%s is stale (%v): run `go test . -run TestObjects -update`", path, err)
			}
		}
	}
}
