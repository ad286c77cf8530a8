using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Xunit;
#if SDK_EXTENSIONS
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
#endif

namespace Okdok.Tests
{
    // Contains the code of the package's README verbatim, compiles it and runs it.
    [Collection(Alone.Name)]
    public sealed class ReadmeTests
    {
        private static readonly string Readme = File.ReadAllText(Path.Combine(Repository.Root, "bindings", "csharp", "README.md"));

        [Fact]
        public void All_of_its_code_is_in_this_file()
        {
            string here = Trimmed(File.ReadAllText(Path.Combine(Repository.Root, "bindings", "csharp", "Okdok.Tests", "ReadmeTests.cs")));
            List<string> blocks = Blocks("csharp");
            Assert.Equal(4, blocks.Count);
            Assert.All(blocks, block => Assert.Contains(Trimmed(block), here, StringComparison.Ordinal));
        }

        [Fact]
        public void It_lists_the_platforms_that_are_built()
        {
            IEnumerable<string> built = File.ReadAllLines(Path.Combine(Repository.Root, "packaging", "targets.txt"))
                .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ')[0]);
            IEnumerable<string> listed = Regex.Matches(Readme, @"^\| `([a-z0-9-]+)` \|", RegexOptions.Multiline).Cast<Match>().Select(match => match.Groups[1].Value);
            Assert.Equal(built.OrderBy(name => name, StringComparer.Ordinal), listed.OrderBy(name => name, StringComparer.Ordinal));
        }

        [Fact]
        public async Task Three_lines_delete()
        {
            string baseUrl = Sandbox.Url;
            string apiKey = Sandbox.Key;
            string id = Sandbox.NewId();
            TextWriter output = Console.Out;
            using (StringWriter written = new StringWriter())
            {
                Console.SetOut(written);
                try
                {
#pragma warning disable xUnit1051 // As a reader would write it.
                    using OkdokClient client = new OkdokClient(baseUrl, apiKey);
                    Deletion deletion = await client.DeleteSignatureRequestAsync(id);
                    Console.WriteLine(deletion);
#pragma warning restore xUnit1051
                }
                finally
                {
                    Console.SetOut(output);
                }

                Assert.StartsWith("Deleted " + id, written.ToString(), StringComparison.Ordinal);
            }
        }

        [Fact]
        public async Task A_stand_in_of_the_interface_answers()
        {
            using (NothingIsThere client = new NothingIsThere())
            {
                OkdokException e = await Assert.ThrowsAsync<OkdokException>(
                    () => client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken));
                Assert.Equal(OkdokStatus.NotFound, e.Status);
                Assert.False(e.OutcomeUnknown);
            }
        }

#if SDK_EXTENSIONS
        [Fact]
        public void Its_settings_and_registration_make_a_client()
        {
            Dictionary<string, string?> settings = Settings();
            Assert.All(settings.Keys, key => Assert.NotNull(typeof(OkdokClientOptions).GetProperty(key.Substring("Okdok:".Length))));
            settings["Okdok:BaseUrl"] = Sandbox.Url;
            settings["Okdok:ApiKey"] = Sandbox.Key;
            using (ServiceProvider provider = Services(settings, Register).BuildServiceProvider())
            {
                IOkdokClient client = provider.GetRequiredService<IOkdokClient>();
                Assert.Same(client, provider.GetRequiredService<IOkdokClient>());
                string id = Sandbox.NewId();
                Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
            }
        }

        [Theory]
        [InlineData("Timeout", "30", "30 means 30 days: write 00:00:30 for 30 seconds")]
        [InlineData("ApiKey", "", "ApiKey")]
        [InlineData("BaseUrl", "", "BaseUrl")]
        public void A_wrong_setting_is_named(string name, string value, string words)
        {
            Dictionary<string, string?> settings = new Dictionary<string, string?>
            {
                ["Okdok:BaseUrl"] = Sandbox.Url, ["Okdok:ApiKey"] = Sandbox.Key, ["Okdok:" + name] = value,
            };
            using (ServiceProvider provider = Services(settings, Register).BuildServiceProvider())
            {
                Exception e = Assert.ThrowsAny<Exception>(() => provider.GetRequiredService<IOkdokClient>());
                Assert.Contains(words, e.ToString(), StringComparison.Ordinal);
            }
        }

        [Fact]
        public async Task A_rotated_key_reaches_the_singleton()
        {
            Dictionary<string, string?> settings = new Dictionary<string, string?> { ["Okdok:BaseUrl"] = Sandbox.Url, ["Okdok:ApiKey"] = "old" };
            IConfigurationRoot? root = null;
            using (ServiceProvider provider = Services(settings, (services, configuration) =>
            {
                root = (IConfigurationRoot)configuration;
                services.Configure<OkdokClientOptions>(configuration.GetSection("Okdok"));
                services.AddSingleton<IOkdokClient, CurrentOkdokClient>();
            }).BuildServiceProvider())
            {
                IOkdokClient client = provider.GetRequiredService<IOkdokClient>();
                string id = Sandbox.NewId();
                Assert.Equal(OkdokStatus.Unauthorized, Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest(id)).Status);
                root!["Okdok:ApiKey"] = Sandbox.Key;
                root.Reload();
                Assert.Equal(id, (await client.DeleteSignatureRequestAsync(id, TestContext.Current.CancellationToken)).Id);
            }
        }

        private static void Register(IServiceCollection services, IConfiguration configuration)
        {
            services.Configure<OkdokClientOptions>(configuration.GetSection("Okdok"));
            services.AddSingleton<IOkdokClient>(sp => new OkdokClient(sp.GetRequiredService<IOptions<OkdokClientOptions>>().Value));
        }

        private static ServiceCollection Services(Dictionary<string, string?> settings, Action<IServiceCollection, IConfiguration> register)
        {
            ServiceCollection services = new ServiceCollection();
            register(services, new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
            return services;
        }

        // The README's JSON, in the form in which the JSON provider reads it.
        private static Dictionary<string, string?> Settings()
        {
            using (JsonDocument json = JsonDocument.Parse(Blocks("json").Single()))
            {
                return json.RootElement.GetProperty("Okdok").EnumerateObject()
                    .ToDictionary(setting => "Okdok:" + setting.Name, setting => setting.Value.GetString());
            }
        }
#endif

        private static List<string> Blocks(string language) =>
            Regex.Matches(Readme, "^```" + language + "\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline).Cast<Match>()
                .Select(match => match.Groups[1].Value).ToList();

        private static string Trimmed(string code) => string.Join("\n", code.Split('\n').Select(line => line.Trim()));
    }

#if SDK_EXTENSIONS
#pragma warning disable CA2213 // It is disposed, through Volatile.Read.
    public sealed class CurrentOkdokClient : IOkdokClient
    {
        private readonly IDisposable? changes;
        private OkdokClient current;

        public CurrentOkdokClient(IOptionsMonitor<OkdokClientOptions> options)
        {
            current = new OkdokClient(options.CurrentValue);

            // The old client is left to the garbage collector, so that calls that still use it finish.
            changes = options.OnChange(changed => Volatile.Write(ref current, new OkdokClient(changed)));
        }

        public Deletion DeleteSignatureRequest(string id) => Volatile.Read(ref current).DeleteSignatureRequest(id);

        public Task<Deletion> DeleteSignatureRequestAsync(string id, CancellationToken cancellationToken = default) =>
            Volatile.Read(ref current).DeleteSignatureRequestAsync(id, cancellationToken);

        public void Dispose()
        {
            changes?.Dispose();
            Volatile.Read(ref current).Dispose();
        }
    }

#pragma warning restore CA2213
#endif
    public sealed class NothingIsThere : IOkdokClient
    {
        public Deletion DeleteSignatureRequest(string id) =>
            throw new OkdokException(OkdokStatus.NotFound, "no such signature request", httpStatus: 400, attempts: 1, outcomeUnknown: false);

        public Task<Deletion> DeleteSignatureRequestAsync(string id, CancellationToken cancellationToken = default) =>
            Task.Run(() => DeleteSignatureRequest(id), cancellationToken);

        public void Dispose()
        {
        }
    }
}
