// Measures one .NET library: LIBRARY first BASE_URL CA_FILE, or LIBRARY warm BASE_URL CA_FILE SECONDS THREADS.
// Prints the same lines as the C program (client.c), without the parts of a first deletion. THREADS is 1. CA_FILE is in
// SSL_CERT_FILE too, which both libraries read.
//
// LIBRARY cancelled SILENT_URL BASE_URL: cancels 256 awaited calls to a host that never answers, then prints the nanoseconds
// of an awaited call of another client, to BASE_URL.

using System;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Okdok;

internal static class Measure
{
    private const string Key = "bench-key";

    private static async Task Main(string[] args)
    {
        bool okdok = args[0] == "okdok";
        if (args[1] == "cancelled")
        {
            await Cancelled(okdok, args[2], args[3]).ConfigureAwait(false);
            return;
        }

        Func<string, bool> delete = okdok ? WithOkdok(args[2]) : WithHttpClient(args[2]);
        if (args[1] == "first")
        {
            Delete(delete, 0);
            Console.WriteLine("deleted");
            Console.In.Read();
            return;
        }

        // Until the compiler has optimised what runs often.
        Run(delete, TimeSpan.FromSeconds(1));
        TimeSpan spent = Process.GetCurrentProcess().TotalProcessorTime;
        (long deletions, TimeSpan took) = Run(delete, TimeSpan.FromSeconds(double.Parse(args[4], CultureInfo.InvariantCulture)));
        spent = Process.GetCurrentProcess().TotalProcessorTime - spent;
        Console.WriteLine(FormattableString.Invariant($"{deletions} {took.Ticks * 100} {spent.Ticks * 100}"));
    }

    private static void Delete(Func<string, bool> delete, long number)
    {
        if (!delete(FormattableString.Invariant($"32f8628d-6658-443d-0000-{number:x12}")))
        {
            throw new InvalidOperationException("not confirmed");
        }
    }

    private static (long Deletions, TimeSpan Took) Run(Func<string, bool> delete, TimeSpan duration)
    {
        Stopwatch watch = Stopwatch.StartNew();
        long number = 0;
        while (watch.Elapsed < duration)
        {
            Delete(delete, number++);
        }

        return (number, watch.Elapsed);
    }

    private static Func<string, bool> WithOkdok(string baseUrl)
    {
        OkdokClient client = new OkdokClient(baseUrl, Key);
        // Throws where it was not confirmed.
        return id => client.DeleteSignatureRequest(id).HttpStatus == 200;
    }

    private static Func<string, bool> WithHttpClient(string baseUrl)
    {
        HttpClient client = new HttpClient();
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

    private static async Task Cancelled(bool okdok, string silentUrl, string baseUrl)
    {
        HttpClient http = new HttpClient();
        OkdokClient silent = new OkdokClient(silentUrl, Key);
        OkdokClient healthy = new OkdokClient(baseUrl, Key);
        using CancellationTokenSource source = new CancellationTokenSource();
        async Task Call(string url, OkdokClient client, CancellationToken token)
        {
            if (okdok)
            {
                await client.DeleteSignatureRequestAsync("id-1", token).ConfigureAwait(false);
            }
            else
            {
                await http.DeleteAsync(new Uri(url + "/JSON/signatureRequest/id-1"), token).ConfigureAwait(false);
            }
        }

        await Call(baseUrl, healthy, default).ConfigureAwait(false);
        Task[] calls = Enumerable.Range(0, 256).Select(_ => Call(silentUrl, silent, source.Token)).ToArray();
        await source.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(calls).ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        Stopwatch watch = Stopwatch.StartNew();
        await Call(baseUrl, healthy, default).ConfigureAwait(false);
        Console.WriteLine(watch.Elapsed.Ticks * 100);
        // Calls that were given up run on, as long as their deadline.
        Environment.Exit(0);
    }
}
