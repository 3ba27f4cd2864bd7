using System.Text.Json;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Nifti;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace KnowledgeDistillation.Samples.SegmentationService;

/// <summary>POST /models/NAME/segmentations: NIfTI in, NIfTI out.</summary>
internal static class SegmentationEndpoint
{
    /// <summary>The volume of each region in mm³, as JSON.</summary>
    public const string VolumesHeader = "Segmentation-Volumes";

    /// <summary>Why the result may be worth little, and what was cleaned away, as a JSON array of sentences; missing where there is nothing to say.</summary>
    public const string WarningsHeader = "Segmentation-Warnings";

    private const string ResultType = "application/gzip";
    private const int ClientClosedRequest = 499;

    /// <summary>Adds the endpoint of a network.</summary>
    public static void Map(IEndpointRouteBuilder routes, NetworkQueue queue) => routes
        .MapPost($"/models/{queue.Name}/segmentations", (HttpContext context, IOptions<ServiceOptions> options) => Segment(context, queue, options.Value))
        .WithSummary($"Segments the images of a patient with the network '{queue.Name}'.")
        .WithDescription($"Needs {Upload.Wanted(queue.Network)}. The answer has the grid and header of the first file, "
            + $"and the labels {queue.Network.Labels}.")
        .Produces(StatusCodes.Status200OK, contentType: ResultType)
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
        .AddOpenApiOperationTransformer((operation, _, _) =>
        {
            Describe(operation, queue.Network);
            return Task.CompletedTask;
        });

    private static async Task<IResult> Segment(HttpContext context, NetworkQueue queue, ServiceOptions options)
    {
        if (!queue.TryEnter())
        {
            context.Response.Headers.RetryAfter = $"{queue.SecondsUntilFree}";
            return Problem(StatusCodes.Status503ServiceUnavailable, "As many requests as may wait for this network do: try again later.");
        }

        try
        {
            CancellationToken gone = context.RequestAborted;
            Upload upload = await Upload.Read(context.Request, queue.Network, options, gone);
            CaseSegmentation result = await queue.Segment(upload.Images, gone);
            return Answer(context.Response, result, upload.Header);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return Results.StatusCode(ClientClosedRequest);
        }
        catch (RefusedException refused)
        {
            return Problem(refused.Status, refused.Message);
        }
        catch (BadHttpRequestException bad)
        {
            return Problem(bad.StatusCode, bad.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? Upload.TooLargeMessage(options)
                : "The form is empty, damaged or cut off: send it again.");
        }
        catch (Exception exception) when (exception is InvalidDataException or ExperimentException)
        {
            return Problem(StatusCodes.Status400BadRequest, exception.Message);
        }
        finally
        {
            queue.Leave();
        }
    }

    private static IResult Answer(HttpResponse response, CaseSegmentation result, NiftiHeader header)
    {
        response.Headers[VolumesHeader] = JsonSerializer.Serialize(
            result.Volumes.ToDictionary(volume => volume.Region, volume => Math.Round(volume.CubicMillimeters, 3)));
        string[] warnings = [.. result.Doubts, .. result.Removed.Select(removed => $"{removed}.")];
        if (warnings.Length > 0)
            response.Headers[WarningsHeader] = JsonSerializer.Serialize(warnings);
        MemoryStream file = new();
        NiftiImage.FromLabels(result.ToLabels(), header).Save(file);
        file.Position = 0;
        return Results.Stream(file, ResultType, "segmentation.nii.gz");
    }

    private static IResult Problem(int status, string sentence) => Results.Problem(sentence, statusCode: status);

    private static void Describe(OpenApiOperation operation, ISegmenter network)
    {
        OpenApiSchema form = new() { Type = JsonSchemaType.Object, Properties = new Dictionary<string, IOpenApiSchema>() };
        foreach (string modality in network.Modalities)
        {
            form.Properties[modality] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Format = "binary",
                Description = "A NIfTI file (.nii or .nii.gz) of one volume; all on one grid.",
            };
        }

        if (network.NeedsAllModalities)
            form.Required = new HashSet<string>(network.Modalities);
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType> { ["multipart/form-data"] = new() { Schema = form } },
        };
        if (operation.Responses?["200"] is not OpenApiResponse answer)
            return;
        answer.Description = "The segmentation, a compressed NIfTI file.";
        answer.Content = new Dictionary<string, OpenApiMediaType>
        {
            [ResultType] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
        };
        answer.Headers = new Dictionary<string, IOpenApiHeader>
        {
            [VolumesHeader] = Header("The volume of each region in mm³, as a JSON object."),
            [WarningsHeader] = Header("Why the result may be worth little, and what was cleaned away: a JSON array of sentences. Missing where there is none."),
        };
    }

    private static OpenApiHeader Header(string description) =>
        new() { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
