#if NET8_0_OR_GREATER
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Tasks;

namespace Okdok
{
    // Reports a call to OpenTelemetry, with its names for HTTP clients and names of ours for everything else.
    internal static class CallActivity
    {
        private static readonly ActivitySource Source = new ActivitySource("Okdok", typeof(CallActivity).Assembly.GetName().Version!.ToString(3));

        internal static bool Wanted => Source.HasListeners();

        internal static Deletion Trace(string baseUrl, string id, Func<Deletion> call)
        {
            Activity? before = Activity.Current;
            Activity? activity = Start(baseUrl, id);
            try
            {
                Deletion deletion = call();
                Listen(() => Tell(activity, deletion));
                return deletion;
            }
            catch (Exception e)
            {
                Listen(() => Tell(activity, e));
                throw;
            }
            finally
            {
                Listen(() => activity?.Dispose());

                // A listener that throws leaves ours.
                Activity.Current = before;
            }
        }

        // async, so that Activity.Current is the caller's again as soon as this returns.
        internal static async Task<Deletion> TraceAsync(string baseUrl, string id, Func<Task<Deletion>> call)
        {
            Activity? activity = Start(baseUrl, id);
            try
            {
                Deletion deletion = await call().ConfigureAwait(false);
                Listen(() => Tell(activity, deletion));
                return deletion;
            }
            catch (Exception e)
            {
                Listen(() => Tell(activity, e));
                throw;
            }
            finally
            {
                Listen(() => activity?.Dispose());
            }
        }

        // The listeners are the program's, and may throw. The call is made all the same, and its outcome must reach the caller.
        private static void Listen(Action report)
        {
            try
            {
                report();
            }
#pragma warning disable CA1031 // Any exception of a listener.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }

        private static Activity? Start(string baseUrl, string id)
        {
            Activity? activity = null;
            Listen(() => activity = Source.StartActivity("DELETE", ActivityKind.Client));
            Listen(() => Describe(activity, baseUrl, id));
            return activity;
        }

        private static void Describe(Activity? activity, string baseUrl, string id)
        {
            if (activity is { IsAllDataRequested: true })
            {
                Uri url = new Uri(baseUrl);
                string path = url.AbsolutePath.TrimEnd('/');
                path += path.EndsWith("/JSON", StringComparison.Ordinal) ? "/signatureRequest/" : "/JSON/signatureRequest/";
                activity.SetTag("http.request.method", "DELETE");
                activity.SetTag("server.address", url.IdnHost);
                activity.SetTag("server.port", url.Port);
                activity.SetTag("url.full", url.GetLeftPart(UriPartial.Authority) + path + Uri.EscapeDataString(id));
            }
        }

        private static void Tell(Activity? activity, Deletion deletion)
        {
            if (activity is { IsAllDataRequested: true })
            {
                Tell(
                    activity,
                    deletion.Presumed ? OkdokStatus.PresumedDeleted : OkdokStatus.Ok,
                    deletion.HttpStatus,
                    deletion.Attempts,
                    false,
                    deletion.AttemptLog);
            }
        }

        private static void Tell(Activity? activity, Exception e)
        {
            if (activity is not { IsAllDataRequested: true })
            {
                return;
            }

            activity.SetStatus(ActivityStatusCode.Error, e.Message);
            if (e is OkdokException failure)
            {
                // OpenTelemetry's rule: the HTTP status code if there is one.
                activity.SetTag(
                    "error.type",
                    failure.HttpStatus >= 400 ? failure.HttpStatus.ToString(CultureInfo.InvariantCulture) : failure.Status.ToString());
                Tell(activity, failure.Status, failure.HttpStatus, failure.Attempts, failure.OutcomeUnknown, failure.AttemptLog);
            }
            else
            {
                activity.SetTag("error.type", e.GetType().FullName);
            }
        }

        private static void Tell(
            Activity activity, OkdokStatus status, int httpStatus, int attempts, bool outcomeUnknown, IReadOnlyList<OkdokAttempt> log)
        {
            activity.SetTag("okdok.status", status.ToString());
            activity.SetTag("okdok.outcome_unknown", outcomeUnknown);
            if (httpStatus > 0)
            {
                activity.SetTag("http.response.status_code", httpStatus);
            }

            if (attempts > 1)
            {
                activity.SetTag("http.request.resend_count", attempts - 1);
            }

            // The log holds the newest attempts, so their times are counted from the end.
            DateTimeOffset[] began = new DateTimeOffset[log.Count];
            DateTimeOffset next = DateTimeOffset.UtcNow;
            for (int i = log.Count - 1; i >= 0; i--)
            {
                began[i] = next - log[i].Elapsed;
                next = began[i] - log[i].Waited;
            }

            for (int i = 0; i < log.Count; i++)
            {
                ActivityTagsCollection tags = new ActivityTagsCollection
                {
                    ["okdok.status"] = log[i].Status.ToString(),
                    ["okdok.waited"] = log[i].Waited.TotalSeconds,
                    ["okdok.elapsed"] = log[i].Elapsed.TotalSeconds,
                };
                if (log[i].HttpStatus > 0)
                {
                    tags["http.response.status_code"] = log[i].HttpStatus;
                }

                activity.AddEvent(new ActivityEvent("okdok.attempt", began[i], tags));
            }
        }
    }
}
#endif
