// Measures one .NET library: LIBRARY BASE_URL CA_FILE SECONDS.
// Prints the same line as the C program: deletions, nanoseconds, CPU nanoseconds.

using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Okdok;

internal static class Measure
{
    private const string Key = "bench-key";

    private static int Main(string[] args)
    {
        string baseUrl = args[1];
        string caFile = args[2];
        TimeSpan duration = TimeSpan.FromSeconds(double.Parse(args[3], CultureInfo.InvariantCulture));
        Func<string, bool> delete = args[0] == "okdok" ? WithOkdok(baseUrl, caFile) : WithHttpClient(baseUrl, caFile);

        // Until the compiler has optimised what runs often.
        Run(delete, TimeSpan.FromSeconds(1));

        TimeSpan spent = Process.GetCurrentProcess().TotalProcessorTime;
        (long deletions, TimeSpan took) = Run(delete, duration);
        spent = Process.GetCurrentProcess().TotalProcessorTime - spent;
        Console.WriteLine(FormattableString.Invariant($"{deletions} {took.Ticks * 100} {spent.Ticks * 100}"));
        return 0;
    }

    private static (long Deletions, TimeSpan Took) Run(Func<string, bool> delete, TimeSpan duration)
    {
        Stopwatch watch = Stopwatch.StartNew();
        long number = 0;
        while (watch.Elapsed < duration)
        {
            if (!delete(FormattableString.Invariant($"32f8628d-6658-443d-0000-{number:x12}")))
            {
                throw new InvalidOperationException("not confirmed");
            }

            number++;
        }

        return (number, watch.Elapsed);
    }

    private static Func<string, bool> WithOkdok(string baseUrl, string caFile)
    {
        OkdokClient client = new OkdokClient(baseUrl, Key, new OkdokClientOptions { CaFile = caFile });
        // Throws where it was not confirmed.
        return id => client.DeleteSignatureRequest(id).HttpStatus == 200;
    }

    private static Func<string, bool> WithHttpClient(string baseUrl, string caFile)
    {
        X509Certificate2Collection roots = new X509Certificate2Collection();
        roots.ImportFromPem(File.ReadAllText(caFile));
        X509ChainPolicy policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust };
        policy.CustomTrustStore.AddRange(roots);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        HttpClient client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        });
        client.DefaultRequestHeaders.Add("x-api-key", Key);
        client.DefaultRequestHeaders.Add("accept", "application/json");
        return id =>
        {
            // The blocking call: awaiting each SendAsync in turn is slower.
            using HttpRequestMessage request = new HttpRequestMessage(HttpMethod.Delete, baseUrl + "/JSON/signatureRequest/" + id);
            using HttpResponseMessage response = client.Send(request);
            using JsonDocument report = JsonDocument.Parse(response.Content.ReadAsStream());
            return (int)response.StatusCode == 200
                && report.RootElement.GetProperty("message").GetString() == "msg.deleted"
                && report.RootElement.GetProperty("result").GetString() == id;
        };
    }
}
