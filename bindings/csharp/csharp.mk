# The .NET package: the test suite on every runtime of this machine, the newest first, and new projects that use the package.
CSHARP := bindings/csharp

DEMOS += demo-csharp
TESTS += test-csharp
SLOW_TESTS += test-csharp-older test-nuget
LINTS += lint-csharp
.PHONY: demo-csharp test-csharp test-csharp-older lint-csharp nuget test-nuget
demo-csharp test-csharp test-csharp-older test-nuget: export OKDOK_LIBRARY = $(abspath $(LIBRARY))

# No build server must outlive make.
demo-csharp test-csharp test-csharp-older lint-csharp nuget test-nuget test-csharp-windows: export MSBUILDDISABLENODEREUSE = 1
demo-csharp test-csharp test-csharp-older lint-csharp nuget test-nuget test-csharp-windows: export UseSharedCompilation = false

# Runs on Mono, which is a small package; an SDK is not always available.
demo-csharp: $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@$(CSHARP)/mcs build/mono || { echo "left out: the C# program"; exit 0; }; \
	$(WITH_SERVERS) scripts/show-outcomes "C#" mono build/mono/Delete.exe

test-csharp: $(LIBRARY) include/okdok.h | $(SANDBOX) $(FAULTS)
	@$(WITH_SERVERS) $(CSHARP)/test mcs net10.0

test-csharp-older: $(LIBRARY) include/okdok.h | $(SANDBOX) $(FAULTS)
	@$(WITH_SERVERS) $(CSHARP)/test net8.0 net472

lint-csharp:
	@$(CSHARP)/lint

# NUGET_LIBRARY: the library for linux-x64, such as one for older systems. Libraries for other platforms are taken from
# NUGET_RUNTIMES, where the steps that build them put them: <rid>/native/libokdok.*
NUGET_LIBRARY ?= $(LIBRARY)
NUGET_RUNTIMES := target/nuget/runtimes
nuget: $(NUGET_LIBRARY) ## dist/Okdok.….nupkg and its .snupkg; lists the platforms whose library it contains
	@$(CSHARP)/sdk && scripts/need python3 python3 || { echo "left out: the NuGet package"; exit $(NOT_MADE); }; \
	install -D -m 644 $(NUGET_LIBRARY) $(NUGET_RUNTIMES)/linux-x64/native/libokdok.so && \
	rm -f dist/Okdok.*nupkg && \
	dotnet pack $(CSHARP)/Okdok/Okdok.csproj --configuration Release --verbosity quiet --nologo -consoleLoggerParameters:NoSummary && \
	$(CSHARP)/dates dist/Okdok.*nupkg && \
	ls dist/Okdok.*nupkg && ls $(NUGET_RUNTIMES)

test-nuget: nuget | $(SANDBOX) $(FAULTS)
	@$(CSHARP)/sdk >/dev/null || { echo "left out: projects that use the NuGet package"; exit 0; }; \
	$(WITH_SERVERS) $(CSHARP)/consume
